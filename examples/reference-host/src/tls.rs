//! TLS by rustls, with certificates that can be read again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificates, as last read.
#[derive(Debug)]
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

/// The reason why they cannot be used, with the file's name and none of its content.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct TlsError {
    file: PathBuf,
    reason: String,
}

impl Certificates {
    /// Reads a chain of certificates and the private key of the first one.
    ///
    /// # Errors
    /// One of the files cannot be read, or they do not belong together.
    pub fn read(chain: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let config = RwLock::new(read(&chain, &key)?);
        Ok(Self { chain, key, config })
    }

    /// Reads the files again, for future connections.
    ///
    /// # Errors
    /// The files cannot be used. The earlier certificates stay.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.chain, &self.key)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Returns an acceptor with the certificates as last read.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

fn read(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let fault = |file: &Path, reason: String| TlsError { file: file.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| fault(chain, describe(error)))?;
    if certificates.is_empty() {
        return Err(fault(chain, "there is no certificate in PEM".to_owned()));
    }
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| fault(key, describe(error)))?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| fault(chain, error.to_string()))?.with_no_client_auth();
    let config = config.with_single_cert(certificates, private_key);
    let mut config =
        config.map_err(|error| fault(key, format!("it cannot be used with {}: {error}", chain.display())))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Returns the reason alone, since a parser's error may contain a line of the file.
fn describe(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "there is nothing of its kind in PEM".to_owned(),
        _ => "it is not PEM".to_owned(),
    }
}
