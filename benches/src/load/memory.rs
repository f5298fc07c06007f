//! Rows of servers that keep everything in memory: grantor beside oauth-as and oidc-provider.

use std::io;

use crate::load::cell::{Operation, Row, Running, row};
use crate::load::plan::{CONNECTIONS, FEW};
use crate::load::{Plan, Verdict};
use crate::service::servers::Kind;

/// The one that is judged.
pub const GRANTOR: &str = "grantor";
/// Its peer in Rust.
pub const OAUTH_AS: &str = "oauth-as";
/// What one takes in JavaScript.
pub const OIDC_PROVIDER: &str = "oidc-provider";

/// All rows. oidc-provider's memory adapter keeps a thousand records, so that it has no row with many.
pub fn rows(plan: &Plan) -> io::Result<Vec<Row>> {
    let grantor = Kind::reference_host(&plan.programs.reference_host, "memory");
    let oauth_as = Kind::OauthAs { program: plan.programs.oauth_as.clone() };
    let oidc_provider = Kind::OidcProvider { folder: plan.programs.oidc_provider.clone() };
    let mut rows = Vec::new();
    for operation in Operation::ALL {
        for connections in CONNECTIONS {
            let servers = [
                Running::start(plan, GRANTOR, &grantor, FEW)?,
                Running::start(plan, OAUTH_AS, &oauth_as, FEW)?,
                Running::start(plan, OIDC_PROVIDER, &oidc_provider, FEW / 2)?,
            ];
            rows.push(row(plan, &servers, operation, FEW, connections)?);
        }
    }
    let servers =
        [Running::start(plan, GRANTOR, &grantor, plan.many)?, Running::start(plan, OAUTH_AS, &oauth_as, plan.many)?];
    let live = servers.iter().map(|server| server.tokens.len()).min().unwrap_or(0);
    for operation in Operation::ALL {
        for connections in CONNECTIONS {
            rows.push(row(plan, &servers, operation, live, connections)?);
        }
    }
    Ok(rows)
}

/// Whether grantor is ahead. One connection is no load, and its rows tell of latency alone.
pub fn verdicts(rows: &[Row]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (peer, limit) in [(OAUTH_AS, 1.0), (OIDC_PROVIDER, 8.0)] {
        for row in rows.iter().filter(|row| row.connections > 1) {
            let what = format!(
                "{}, {} live tokens, {} connections: requests per second ÷ {peer}",
                row.operation.name(),
                row.live,
                row.connections
            );
            verdicts.extend(row.ratio(peer).map(|ratio| Verdict::at_least(what, ratio, limit)));
        }
    }
    verdicts
}
