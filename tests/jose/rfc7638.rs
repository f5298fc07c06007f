//! RFC 7638, JWK Thumbprint.

use crate::*;

// §3.1 Example JWK Thumbprint Computation

#[test]
fn the_example_has_its_thumbprint() {
    let wanted = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    assert_eq!(jwk(RSA).thumbprint().to_string(), wanted);
    // §3.2: members that are not required make no difference, and neither does their order.
    let other = with(RSA, r#","alg":"RS256","kid":"2011-04-29""#);
    assert_eq!(jwk(&other).thumbprint().to_string(), wanted);
    let key: serde_json::Value = serde_json::from_str(RSA).unwrap();
    let turned = format!(r#"{{ "e":{}, "n":{}, "kty":"RSA" }}"#, key["e"], key["n"]);
    assert_eq!(jwk(&turned).thumbprint().to_string(), wanted);
}

// §3.2 JWK Members Used in the Thumbprint Computation, §3.3 Order and Representation of Members in Hash Input

#[test]
fn the_members_of_a_key_on_a_curve_are_in_order() {
    let digest = Digest::of(
        r#"{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    );
    assert_eq!(jwk(P256).thumbprint(), digest);
}
