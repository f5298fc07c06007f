//! What the RFCs say of codes and tokens, in one pass over two lists.

use super::{Bits, Op, Pick, Who};
use crate::common::NOW;

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Nothing,
    Asked(Bits),
    Code,
    Tokens { scope: Bits, refreshable: bool },
    Active(Bits),
    Inactive,
    Refused(String),
    Unavailable,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Access,
    Refresh,
}

struct Credential {
    kind: Kind,
    grant: usize,
    scope: Bits,
    expires_at: u64,
    spent_at: Option<u64>,
    /// Revoked by itself, or purged.
    gone: bool,
}

struct Grant {
    client: Who,
    revoked: bool,
}

pub(crate) struct Naive {
    pub(super) now: u64,
    /// What each client may ask for; none if it is not registered.
    clients: [Option<Bits>; 3],
    prompts: Vec<(Who, Bits)>,
    grants: Vec<Grant>,
    credentials: Vec<Credential>,
}

const CODE_LIFETIME: u64 = 60;
const ACCESS_LIFETIME: u64 = 600;
const REFRESH_LIFETIME: u64 = 14 * 24 * 60 * 60;
const GRACE: u64 = 30;

type Refused = Result<Said, &'static str>;

impl Naive {
    pub(crate) fn new() -> Self {
        let clients = [Some(Bits(3)); 3];
        Self { now: NOW, clients, prompts: Vec::new(), grants: Vec::new(), credentials: Vec::new() }
    }

    pub(crate) fn carry_out(&mut self, op: &Op) -> Said {
        let said = match *op {
            Op::Ask { client, scope } => self.ask(client, scope),
            Op::Approve { prompt, narrowed } => self.approve(prompt, narrowed),
            Op::Deny { prompt } => self.deny(prompt),
            Op::Exchange { code, client, verified } => self.exchange(code, client, verified),
            Op::ClientCredentials { client, scope } => self.client_credentials(client, scope),
            Op::Refresh { token, client, scope } => self.refresh(token, client, scope),
            Op::Revoke { token, client } => self.revoke(token, client),
            Op::Introspect { token, client } => self.introspect(token, client),
            Op::Check { token, scope } => self.check(token, scope),
            _ => Ok(self.pass(op)),
        };
        said.unwrap_or_else(|error| Said::Refused(error.to_owned()))
    }

    /// What has no reply.
    fn pass(&mut self, op: &Op) -> Said {
        match *op {
            Op::Wait { end_of, and } => self.wait(end_of, and.into()),
            Op::Register { client, scope } => {
                let registered = &mut self.clients[client as usize];
                *registered = registered.map(|_| scope);
            }
            Op::Remove { client } => self.clients[client as usize] = None,
            Op::Purge => {
                for credential in &mut self.credentials {
                    credential.gone |= credential.expires_at <= self.now;
                }
            }
            _ => {}
        }
        Said::Nothing
    }

    fn wait(&mut self, end_of: Pick, and: u64) {
        let credential = end_of.index(self.credentials.len()).map(|index| &self.credentials[index]);
        let end = credential.map(|credential| match credential.spent_at {
            Some(spent_at) if and < 128 => spent_at + GRACE,
            _ => credential.expires_at,
        });
        let before = end.map(|end| end - 1).filter(|before| *before >= self.now);
        self.now = before.map_or(self.now + and, |before| before + and % 3);
    }

    fn ask(&mut self, client: Who, scope: Bits) -> Refused {
        let scope = self.requested(client, scope, "page")?;
        self.prompts.push((client, scope));
        Ok(Said::Asked(scope))
    }

    /// RFC 6749 §3.3.
    fn requested(&self, client: Who, scope: Bits, unknown: &'static str) -> Result<Bits, &'static str> {
        let registered = self.clients[client as usize].ok_or(unknown)?;
        match scope {
            Bits(0) => Ok(registered),
            scope if scope.0 & !registered.0 == 0 => Ok(scope),
            _ => Err("invalid_scope"),
        }
    }

    fn approve(&mut self, prompt: Pick, narrowed: Option<Bits>) -> Refused {
        let Some(index) = prompt.index(self.prompts.len()) else { return Ok(Said::Nothing) };
        let (client, asked) = self.prompts[index];
        let registered = self.clients[client as usize].ok_or("page")?;
        let scope = Bits(asked.0 & registered.0 & narrowed.unwrap_or(Bits(7)).0);
        if scope == Bits(0) && asked != Bits(0) {
            return Err("access_denied");
        }
        let grant = self.open(client);
        self.issue(Kind::Code, grant, scope, CODE_LIFETIME);
        Ok(Said::Code)
    }

    fn deny(&self, prompt: Pick) -> Refused {
        let Some(index) = prompt.index(self.prompts.len()) else { return Ok(Said::Nothing) };
        let (client, _) = self.prompts[index];
        self.clients[client as usize].ok_or("page")?;
        Err("access_denied")
    }

    /// RFC 6749 §4.1.3, RFC 7636 §4.6.
    fn exchange(&mut self, code: Pick, client: Who, verified: bool) -> Refused {
        self.clients[client as usize].ok_or("invalid_client")?;
        let index = self.present(code, Kind::Code).ok_or("invalid_grant")?;
        let Credential { grant, scope, expires_at, spent_at, .. } = self.credentials[index];
        if self.grants[grant].client != client || !verified {
            return Err("invalid_grant");
        }
        if spent_at.is_some() {
            self.grants[grant].revoked = true;
        }
        if self.grants[grant].revoked || expires_at <= self.now {
            return Err("invalid_grant");
        }
        self.credentials[index].spent_at = Some(self.now);
        Ok(self.tokens(grant, scope, Some(scope)))
    }

    /// RFC 6749 §4.4.
    fn client_credentials(&mut self, client: Who, scope: Bits) -> Refused {
        self.clients[client as usize].ok_or("invalid_client")?;
        if client == Who::App {
            return Err("unauthorized_client");
        }
        let scope = self.requested(client, scope, "invalid_client")?;
        let grant = self.open(client);
        Ok(self.tokens(grant, scope, None))
    }

    /// RFC 6749 §6, RFC 9700 §4.14.2.
    fn refresh(&mut self, token: Pick, client: Who, asked: Bits) -> Refused {
        self.clients[client as usize].ok_or("invalid_client")?;
        let index = self.present(token, Kind::Refresh).ok_or("invalid_grant")?;
        let Credential { grant, scope, expires_at, spent_at, .. } = self.credentials[index];
        if self.grants[grant].client != client || self.grants[grant].revoked {
            return Err("invalid_grant");
        }
        if spent_at.is_some_and(|spent_at| self.now >= spent_at + GRACE) {
            self.grants[grant].revoked = true;
            return Err("invalid_grant");
        }
        if expires_at <= self.now {
            return Err("invalid_grant");
        }
        if asked.0 & !scope.0 != 0 {
            return Err("invalid_scope");
        }
        self.credentials[index].spent_at.get_or_insert(self.now);
        Ok(self.tokens(grant, if asked == Bits(0) { scope } else { asked }, Some(scope)))
    }

    /// RFC 7009 §2.1, §2.2.
    fn revoke(&mut self, token: Pick, client: Who) -> Refused {
        self.clients[client as usize].ok_or("invalid_client")?;
        let Some(index) = self.picked(token) else { return Ok(Said::Nothing) };
        let Credential { grant, kind, .. } = self.credentials[index];
        if self.grants[grant].client != client {
            return Err("invalid_grant");
        }
        match kind {
            Kind::Code => return Err("unsupported_token_type"),
            Kind::Access => self.credentials[index].gone = true,
            Kind::Refresh => self.grants[grant].revoked = true,
        }
        Ok(Said::Nothing)
    }

    /// RFC 7662 §2.
    fn introspect(&self, token: Pick, client: Who) -> Refused {
        self.clients[client as usize].filter(|_| client != Who::App).ok_or("invalid_client")?;
        let visible = self.picked(token).filter(|index| {
            let Credential { kind, grant, .. } = self.credentials[*index];
            let may_see = match client {
                Who::Api => kind == Kind::Access,
                _ => self.grants[grant].client == client && kind != Kind::Code,
            };
            // A client that was removed has no active token.
            let is_registered = self.clients[self.grants[grant].client as usize].is_some();
            self.is_alive(*index) && may_see && is_registered
        });
        Ok(visible.map_or(Said::Inactive, |index| Said::Active(self.credentials[index].scope)))
    }

    /// RFC 6750 §3.1.
    fn check(&self, token: Pick, required: Bits) -> Refused {
        let index = self.present(token, Kind::Access).filter(|index| self.is_alive(*index)).ok_or("invalid_token")?;
        let scope = self.credentials[index].scope;
        if required.0 & !scope.0 == 0 { Ok(Said::Active(scope)) } else { Err("insufficient_scope") }
    }

    fn picked(&self, pick: Pick) -> Option<usize> {
        pick.index(self.credentials.len()).filter(|index| !self.credentials[*index].gone)
    }

    fn present(&self, pick: Pick, kind: Kind) -> Option<usize> {
        self.picked(pick).filter(|index| self.credentials[*index].kind == kind)
    }

    fn is_alive(&self, index: usize) -> bool {
        let Credential { grant, expires_at, spent_at, .. } = self.credentials[index];
        !self.grants[grant].revoked && spent_at.is_none() && self.now < expires_at
    }

    fn open(&mut self, client: Who) -> usize {
        self.grants.push(Grant { client, revoked: false });
        self.grants.len() - 1
    }

    fn tokens(&mut self, grant: usize, scope: Bits, refresh: Option<Bits>) -> Said {
        self.issue(Kind::Access, grant, scope, ACCESS_LIFETIME);
        if let Some(scope) = refresh {
            self.issue(Kind::Refresh, grant, scope, REFRESH_LIFETIME);
        }
        Said::Tokens { scope, refreshable: refresh.is_some() }
    }

    fn issue(&mut self, kind: Kind, grant: usize, scope: Bits, lifetime: u64) {
        let expires_at = self.now + lifetime;
        self.credentials.push(Credential { kind, grant, scope, expires_at, spent_at: None, gone: false });
    }
}
