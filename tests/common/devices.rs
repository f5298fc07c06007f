//! A device, and the person who reads its user code.

use std::fmt::Display;

use grantor::Timestamp;
use grantor::model::{Endpoint, GrantType, Key};
use grantor::record::{DeviceRequest, PendingKind};
use grantor::server::{
    Approval, DeviceConfig, DeviceDecisionReply, DevicePageError, DevicePrompt, TokenError, VerifyUserCodeReply,
};
use grantor::store::{Lookup, PresentedRequest, RequestKey, Store};

use super::{Params, Reply, World, approval, params, post};

pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub const ENDPOINT: &str = "https://server.example.com/device_authorization";
pub const PAGE: &str = "https://server.example.com/device";
/// How long codes live, and how often a device may ask, in seconds.
pub const LIFETIME: u64 = 600;
pub const INTERVAL: u64 = 5;

/// The codes of a device.
#[derive(Clone, Debug)]
pub struct Device {
    pub device_code: String,
    pub user_code: String,
}

/// A device authorization request of `app`.
pub fn start() -> Params {
    params(&[("client_id", "app"), ("scope", "read write")])
}

/// A poll of `app`.
pub fn poll(device: &Device) -> Params {
    params(&[("grant_type", GRANT_TYPE), ("device_code", &device.device_code), ("client_id", "app")])
}

impl World {
    /// A server for devices.
    pub fn with_devices(self) -> Self {
        self.with(|config| {
            let url = |url| Endpoint::parse(url).unwrap();
            config.device = Some(DeviceConfig::at(url(ENDPOINT), url(PAGE)));
            config.token.grant_types.push(GrantType::DeviceCode);
        })
    }

    pub fn authorize_device(&self, form: impl Display) -> Reply {
        Reply::of(self.server.authorize_device(&post(form), self.moment()).run(self).into_http())
    }

    /// A device that waits.
    pub fn device(&self) -> Device {
        self.device_of(start())
    }

    pub fn device_of(&self, form: impl Display) -> Device {
        let reply = self.authorize_device(form);
        assert_eq!(reply.status(), 200, "{reply:?}");
        let member = |name| reply.member(name).unwrap();
        Device { device_code: member("device_code"), user_code: member("user_code") }
    }

    /// A person types a user code.
    pub fn verify(&self, user_code: &str) -> VerifyUserCodeReply {
        self.server.verify_user_code(user_code, self.moment()).run(self)
    }

    pub fn page_error(&self, user_code: &str) -> DevicePageError {
        match self.verify(user_code) {
            VerifyUserCodeReply::Refuse(error) => error,
            VerifyUserCodeReply::Ask(prompt) => panic!("asked: {prompt:?}"),
        }
    }

    pub fn enter(&self, device: &Device) -> DevicePrompt {
        match self.verify(&device.user_code) {
            VerifyUserCodeReply::Ask(prompt) => prompt,
            VerifyUserCodeReply::Refuse(error) => panic!("not asked: {error}"),
        }
    }

    pub fn decide_on(&self, prompt: DevicePrompt, approval: Option<Approval>) -> DeviceDecisionReply {
        match approval {
            Some(approval) => prompt.approve(&self.server, approval, self.moment()).run(self),
            None => prompt.deny(&self.server, self.moment()).run(self),
        }
    }

    /// `johndoe` enters the code and approves.
    pub fn approve_device(&self, device: &Device) {
        assert_eq!(self.decide_on(self.enter(device), Some(approval())).is_approved(), Ok(true));
    }

    pub fn deny_device(&self, device: &Device) {
        assert_eq!(self.decide_on(self.enter(device), None).is_approved(), Ok(false));
    }

    /// Why a poll gets no tokens.
    pub fn poll_error(&self, device: &Device) -> TokenError {
        let request = post(poll(device));
        let reply = self.server.token(&request, self.moment()).run(self);
        reply.result().unwrap_err().clone()
    }

    /// The request of a device as it is stored.
    pub fn request_of(&self, device: &Device) -> PresentedRequest {
        let key = RequestKey::Key(Key::of(&device.device_code).unwrap());
        Store::lookup(&self.store, &Lookup::of_request(key)).unwrap().request(key).unwrap().clone()
    }

    pub fn stored(&self, device: &Device) -> DeviceRequest {
        let PendingKind::Device(stored) = self.request_of(device).request.kind.clone() else { panic!() };
        stored
    }

    pub fn later(&mut self, seconds: u64) {
        self.now += seconds;
    }

    pub fn at(&self) -> Timestamp {
        Timestamp(self.now)
    }
}
