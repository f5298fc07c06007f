//! grantor in actix-web: an authorization server, and a protected resource behind an extractor.
//!
//! `cargo run -p adapters --bin server-actix`

use std::error::Error;
use std::net::TcpListener;
use std::pin::Pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadRequest, InternalError};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::rt::time::timeout;
use actix_web::web::{self, Bytes, Data, PayloadConfig, ServiceConfig};
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, Result};
use demo::{Demo, audit, gone, moment, now, photos_of};
use grantor::MAX_FORM_LEN;
use grantor::resource::{Access, Requirement};
use grantor::server::AuthorizeReply;

/// How many connections may be open. A process may often open 1024 files, and needs some for itself.
const MAX_CONNECTIONS: usize = 800;

/// Each of the threads that serve has its share of them.
const WORKERS: usize = 4;

#[actix_web::main]
async fn main() -> std::result::Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(demo::listen_address())?;
    // One for all workers: each makes its own `App`, but there is one store.
    let demo = Data::new(Demo::at(&format!("http://{}", listener.local_addr()?))?);
    demo.announce();
    HttpServer::new(move || {
        let demo = demo.clone();
        App::new().wrap(from_fn(in_time)).configure(|config| routes(config, demo))
    })
    // For a head, and between requests.
    .client_request_timeout(demo::timeout())
    .keep_alive(demo::timeout())
    .client_disconnect_timeout(demo::timeout())
    .workers(WORKERS)
    .max_connections(MAX_CONNECTIONS / WORKERS)
    .tcp_nodelay(true)
    .listen(listener)?
    .run()
    .await?;
    Ok(())
}

/// Ends a request whose body takes too long, or whose answer does.
async fn in_time(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>> {
    match timeout(demo::timeout(), next.call(request)).await {
        Ok(response) => Ok(response?.map_into_boxed_body()),
        Err(_) => {
            let mut response = HttpResponse::RequestTimeout();
            // What is left of the body is no further request.
            let response = response.force_close().body("The request took too long.\n");
            Err(InternalError::from_response("timeout", response).into())
        }
    }
}

fn routes(config: &mut ServiceConfig, demo: Data<Demo>) {
    config
        // Whatever the method: grantor knows which it takes, and words the refusal.
        .route("/authorize", web::to(authorize))
        .route("/token", web::to(token))
        .route("/introspect", web::to(introspect))
        .route("/revoke", web::to(revoke))
        .route(&demo.server.config().metadata_path(), web::to(metadata))
        .route(&demo.photos.config().metadata_path(), web::to(photos_metadata))
        .route("/consent", web::post().to(consent))
        .service(web::resource("/photos").get(show_photos).post(add_photo))
        .app_data(PayloadConfig::new(MAX_FORM_LEN))
        .app_data(demo);
}

async fn authorize(demo: Data<Demo>, head: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    let request = request(&head, body)?;
    let authorization = demo.server.authorize(&request, moment()).run_async(&demo.store).await;
    audit(authorization.event());
    Ok(match authorization {
        AuthorizeReply::Ask(prompt) => response(demo.ask(prompt)),
        AuthorizeReply::Refuse(refusal) => response(demo.refuse(refusal).run_async(&demo.store).await.into_http()),
        AuthorizeReply::Respond(reply) => response(reply.into_http()),
    })
}

async fn consent(demo: Data<Demo>, form: Bytes) -> HttpResponse {
    let Some(step) = demo.decide(&form) else { return response(gone()) };
    let reply = step.run_async(&demo.store).await;
    audit(reply.event());
    response(reply.into_http())
}

async fn token(demo: Data<Demo>, head: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    let request = request(&head, body)?;
    let reply = demo.server.token(&request, moment()).run_async(&demo.store).await;
    audit(reply.event());
    Ok(response(reply.into_http()))
}

async fn introspect(demo: Data<Demo>, head: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    let request = request(&head, body)?;
    let reply = demo.server.introspect(&request, moment()).run_async(&demo.store).await;
    audit(reply.event());
    Ok(response(reply.into_http()))
}

async fn revoke(demo: Data<Demo>, head: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    let request = request(&head, body)?;
    let reply = demo.server.revoke(&request, moment()).run_async(&demo.store).await;
    audit(reply.event());
    Ok(response(reply.into_http()))
}

async fn metadata(demo: Data<Demo>, head: HttpRequest) -> Result<HttpResponse> {
    Ok(response(demo.server.metadata(&request(&head, Bytes::new())?)))
}

async fn photos_metadata(demo: Data<Demo>, head: HttpRequest) -> Result<HttpResponse> {
    Ok(response(demo.photos.metadata(&request(&head, Bytes::new())?)))
}

async fn show_photos(MayRead(access): MayRead) -> String {
    photos_of(&access)
}

/// The same without an extractor.
async fn add_photo(demo: Data<Demo>, head: HttpRequest) -> Result<String> {
    let access = check(&demo, &demo.writing, &head).await?;
    Ok(format!("added to the {}", photos_of(&access)))
}

/// An extractor: a handler that takes it runs only for a token that is good for reading.
struct MayRead(Access);

impl FromRequest for MayRead {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(head: &HttpRequest, _: &mut Payload) -> Self::Future {
        let head = head.clone();
        Box::pin(async move {
            let demo = Data::<Demo>::extract(&head).await?;
            check(&demo, &demo.reading, &head).await.map(Self)
        })
    }
}

/// Whether this request may be served, or an error whose response says why not.
async fn check(demo: &Demo, requirement: &Requirement, head: &HttpRequest) -> Result<Access> {
    // The token stands in a header: the body is not needed.
    let request = request(head, Bytes::new())?;
    let reply = demo.photos.check(&request, requirement, now()).run_async(&demo.store).await;
    audit(reply.event());
    reply.into_result().map_err(|refusal| {
        let reason = refusal.error().to_string();
        InternalError::from_response(reason, response(refusal.into_http())).into()
    })
}

/// actix-web 4 has the types of `http` 0.2, grantor those of `http` 1.
fn request(head: &HttpRequest, body: Bytes) -> Result<http::Request<Bytes>> {
    let request = http::Request::builder().method(head.method().as_str()).uri(head.uri().to_string());
    let headers = head.headers().iter();
    let request = headers.fold(request, |request, (name, value)| request.header(name.as_str(), value.as_bytes()));
    request.body(body).map_err(ErrorBadRequest)
}

fn response(response: http::Response<Vec<u8>>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(body)
}
