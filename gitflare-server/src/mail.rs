//! Hands mail to an SMTP server. What is written, and to whom, is decided where it is sent; neither is
//! logged here.

use std::time::Duration;

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};

use crate::{
    config::{Config, Problem, SmtpServer, SmtpTls},
    http::{Mail, Mailer},
};

/// How long each step of a delivery may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mailer by SMTP.
#[derive(Debug)]
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// The mailer of a configuration; `None` where no mail is sent.
    ///
    /// # Errors
    /// What is wrong with it, as one line.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, Problem> {
        let (Some(server), Some(from)) = (&config.smtp, &config.smtp_from) else {
            return Ok(None);
        };
        let from = from.parse();
        let from =
            from.map_err(|_| Problem::new("GITFLARE_SMTP_FROM must be an e-mail address"))?;
        let transport = transport(server)?;
        Ok(Some(Self { transport, from }))
    }
}

fn transport(server: &SmtpServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, Problem> {
    type Transport = AsyncSmtpTransport<Tokio1Executor>;
    let builder = match server.tls {
        SmtpTls::Wrapped => Transport::relay(&server.host),
        SmtpTls::StartTls => Transport::starttls_relay(&server.host),
        SmtpTls::Loopback => Ok(Transport::builder_dangerous(server.host.as_str())),
    };
    let builder = builder.map_err(|error| Problem::new(format!("GITFLARE_SMTP_URL: {error}")))?;
    let builder = builder.port(server.port).timeout(Some(PATIENCE));
    Ok(match &server.credentials {
        Some((user, password)) => {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            builder.credentials(credentials).build()
        }
        None => builder.build(),
    })
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: Mail) -> Result<(), &'static str> {
        let to = mail
            .to
            .parse()
            .map_err(|_| "no address that mail can go to")?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.expose().clone())
            .map_err(|_| "no mail could be made of it")?;
        // What the server says may name the address: only its kind is told.
        let sent = self.transport.send(message).await;
        sent.map(drop).map_err(|error| {
            if error.is_permanent() {
                "the mail server has refused it"
            } else if error.is_transient() {
                "the mail server takes it later at the earliest"
            } else if error.is_timeout() {
                "the mail server did not answer in time"
            } else {
                "the mail server could not be reached, or its certificate is not trusted"
            }
        })
    }
}
