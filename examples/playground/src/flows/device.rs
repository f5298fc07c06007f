//! A device without a browser.

use super::{Advice, Flow, need};
use crate::acts;

pub(super) static DEVICE: Flow = Flow {
    slug: "device",
    title: "Device",
    text: "A picture frame has no keyboard and no browser. It asks the server for two codes: one that it shows you, and one that \
           it keeps. You type the first into a page of the server, on any machine that has a browser, log in there and \
           decide. Meanwhile the frame asks again and again with the second, no faster than it was told.",
    when: "For televisions, picture frames and programs in a terminal. Not for anything that has a browser: a code that somebody \
           sends you may be shown by their device and not by yours, and nothing but you can tell.",
    advice: Advice::Use,
    says: "RFC 8628 §5.4: against remote phishing, the server should tell you that you connect a device, and have you confirm \
           that you have it before you.",
    specs: &[
        ("RFC 8628", "https://www.rfc-editor.org/rfc/rfc8628"),
        ("RFC 8628 §5.4", "https://www.rfc-editor.org/rfc/rfc8628#section-5.4"),
    ],
    needs: need::DEVICE,
    walk: &[],
    start: &acts::ASK_DEVICE,
    script: &[&acts::TYPE_USER_CODE, &acts::POLL, &acts::READ_PHOTOS],
};
