//! One sample of every page in its states, with every text from outside taken from one place: what
//! the checks of pages run over.

use gitflare_core::{
    Code, Error, Scope, Scopes, Secret,
    gateway::StepOutcome,
    provider::{ProviderId, Registry},
};
use http::StatusCode;

use super::super::{
    View,
    account::{FieldProblem, ForgottenView, LoginView, ResetView, SignupView},
    calls::{CallFilter, CallRow, CallsView, Choice, Repository, UsagePanel},
    chart::{Bar, Chart},
    connect::{
        AppCard, ConnectOption, ConnectedAccount, FirewallNote, Host, Notice, PermissionChoice,
    },
    consent::{ConsentView, Embedding, LockedView},
    customers::{AccountRow, CustomerRow, CustomerView, CustomersView},
    dashboard::{
        AgentRow, AppForm, AppPanel, ConnectionRow, DashboardView, FreshSecrets, LinkPart,
        ProfileForm, PurposeRow, Recent, SecretRow,
    },
    docs::{DocumentView, LandingView, ReferenceView, ZeroTrustView},
    documents,
    error::ErrorView,
    events::{
        AttemptRow, DeliveriesView, DeliveryRow as SentRow, SubscriptionRow, SubscriptionsView,
    },
    explain::{ExplainView, StepRow},
    handover::{Handover, HandoverView},
    manage::{ManageView, SharingState},
    own_account::{OwnAccountView, SessionRow},
    picker::{Picked, Picker, RepositoryChoice},
    reads::{ReadRow, ReadsView},
    testapp::{
        ConnectionState as Progress, DeliveryRow, DiffView, EmitRow, EventsView, ExchangeCard,
        ProbeRow, ProbeView, SideRow, SubscribeRow, TestappView,
    },
    text::{Link, SafeText},
};
use crate::http::reply::Reply;

/// A page that was rendered.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) html: String,
    pub(super) headers: Vec<(String, String)>,
}

fn sample(name: &'static str, reply: Result<Reply, crate::http::refusal::Refusal>) -> Sample {
    let reply = reply.unwrap();
    Sample {
        name,
        html: String::from_utf8(reply.body).unwrap(),
        headers: reply
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
    }
}

fn link(text: &str) -> Link {
    Link::new(text).unwrap()
}

fn host(provider: ProviderId) -> Host {
    Host {
        mark: provider.as_str().to_owned(),
        name: provider.name().into(),
    }
}

fn option(provider: ProviderId) -> ConnectOption {
    ConnectOption {
        provider,
        kind: provider.kind(),
        name: SafeText::new(provider.name()),
        beyond_reading: Some("full control of private repositories".into()),
        start: link(&format!("/v1/auth/{provider}/start?redirect=1")),
        start_in_popup: link(&format!("/v1/auth/{provider}/start?popup=1")),
    }
}

fn options() -> Vec<ConnectOption> {
    vec![option(ProviderId::GITHUB), option(ProviderId::GITLAB)]
}

/// The words of one set of samples.
pub(super) struct Words<'w> {
    pub(super) of: &'w dyn Fn(&str) -> String,
    /// How many repositories the picker has.
    pub(super) repositories: usize,
}

impl Words<'_> {
    fn shown(&self, text: &str) -> SafeText {
        (self.of)(text).into()
    }

    fn app(&self) -> AppCard {
        AppCard {
            name: self.shown("Acme Insights"),
            developer: Some(self.shown("Acme Analytics GmbH")),
            description: Some(
                self.shown("Charts of how your team delivers, from commits and pull requests."),
            ),
            returns_to: Some(self.shown("app.acme.example")),
            stranger: None,
            logo: Some("/app/logos/client_1".to_owned()),
            website: Some(link("https://acme.example")),
            privacy: Some(link("https://acme.example/privacy")),
        }
    }

    fn accounts(&self) -> Vec<ConnectedAccount> {
        vec![
            ConnectedAccount {
                id: "conn_1".to_owned(),
                host: host(ProviderId::GITHUB),
                login: self.shown("ada-lovelace"),
                reconnect: None,
                problem: None,
                last_used: Some("3 minutes ago".to_owned()),
            },
            ConnectedAccount {
                id: "conn_2".to_owned(),
                host: host(ProviderId::GITLAB),
                login: self.shown("ada"),
                reconnect: Some(option(ProviderId::GITLAB)),
                problem: Some(self.shown("GitLab no longer accepts this sign-in.")),
                last_used: None,
            },
        ]
    }

    fn picker(&self, search: &str) -> Picker {
        let choices = (0..self.repositories)
            .map(|index| RepositoryChoice {
                connection_id: "conn_1".to_owned(),
                id: format!("{}", 1_000 + index),
                host: host(ProviderId::GITHUB),
                account: self.shown("ada-lovelace"),
                full_name: self.shown(&format!("ada-lovelace/engine-{index:02}")),
                description: (index % 3 == 0).then(|| self.shown("Notes on the analytical engine")),
                is_private: Some(index % 4 != 0),
                is_archived: Some(index % 9 == 8),
                is_chosen: index % 7 == 1,
                is_shared: index % 7 == 1,
            })
            .collect();
        let picked = Picked {
            search: search.to_owned(),
            ..Picked::default()
        };
        Picker::new(choices, &picked, false)
    }

    fn firewall(&self) -> FirewallNote {
        FirewallNote {
            is_enabled: true,
            blocked: [
                ".env",
                ".env.*",
                "*.pem",
                "*.key",
                "id_rsa",
                ".npmrc",
                "*.tfstate",
                "kubeconfig",
            ]
            .iter()
            .map(|pattern| self.shown(pattern))
            .collect(),
        }
    }

    fn embedding(&self, is_framed: bool) -> Embedding {
        Embedding {
            is_framed,
            is_popup: false,
            frame_ancestors: vec!["https://app.acme.example".to_owned()],
            returns_to: Some("https://app.acme.example".to_owned()),
        }
    }

    fn consent(&self, accounts: bool, is_framed: bool) -> ConsentView {
        ConsentView {
            app: self.app(),
            customer: Some(self.shown("Babbage & Co.")),
            person: None,
            manage: Link::home(),
            request_id: (self.of)("req_1"),
            csrf: (self.of)("token"),
            address: link("/oauth/authorize?request_id=req_1"),
            permissions: PermissionChoice::among(
                [
                    Scope::ReadRepositories,
                    Scope::ReadCommits,
                    Scope::ReadPullRequests,
                    Scope::ReadDiffs,
                ]
                .into_iter()
                .collect(),
                Scopes::all(),
                |_| Some(self.shown("Charts of how you deliver.")),
            ),
            connect: options(),
            accounts: if accounts {
                self.accounts()
            } else {
                Vec::new()
            },
            picker: self.picker(""),
            firewall: self.firewall(),
            notice: accounts.then(|| {
                Notice::problem((self.of)("Select at least one repository.")).at("repositories")
            }),
            embedding: self.embedding(is_framed),
        }
    }

    fn manage(&self, state: SharingState) -> ManageView {
        ManageView {
            app: self.app(),
            client_id: "client_1".to_owned(),
            customer: Some(self.shown("Babbage & Co.")),
            customer_ref: (self.of)("customer-42"),
            csrf: (self.of)("token"),
            address: link("/app/company/apps/client_1?customer_ref=customer-42"),
            state,
            reads: link("/app/company/apps/client_1/reads?session=sess_1"),
            record: Some(link("/app/company/apps/client_1/record?session=sess_1")),
            permissions: PermissionChoice::among(
                Scopes::all(),
                [Scope::ReadCommits].into_iter().collect(),
                |_| Some(self.shown("Charts of how you deliver.")),
            ),
            further: Vec::new(),
            connect: options(),
            accounts: self.accounts(),
            picker: self.picker("engine"),
            firewall: self.firewall(),
            notice: Some(Notice::done((self.of)("Your changes are saved."))),
            is_framed: false,
            frame_ancestors: vec!["https://app.acme.example".to_owned()],
        }
    }

    fn reads(&self, some: bool) -> ReadsView {
        let row = |repository| ReadRow {
            at: "2026-03-02 10:00:01 UTC".to_owned(),
            sees: Scope::ReadCommits.label(),
            endpoint_key: "commits.list",
            provider: Some(self.shown("GitHub")),
            repository,
            items: 25,
            blocked_files: 0,
            redacted_secrets: 2,
        };
        let name = self.shown("ada-lovelace/engine-01");
        ReadsView {
            app: self.shown("Acme Insights"),
            rows: some
                .then(|| row(Some(name)))
                .into_iter()
                .chain(some.then(|| row(None)))
                .collect(),
            back: link("/app/company/apps/client_1?customer_ref=customer-42"),
            file: link("/app/company/apps/client_1/reads.csv?session=sess_1"),
            older: some.then(|| link("/app/company/apps/client_1/reads?session=sess_1&from=50")),
            most: 50_000,
            frame_ancestors: vec!["https://app.acme.example".to_owned()],
        }
    }

    fn account(&self) -> OwnAccountView {
        let row = |number: u8, is_current| SessionRow {
            id: format!("sess_{number}"),
            since: "2026-03-01 09:00 UTC".to_owned(),
            last_used: "2026-03-02 10:00 UTC".to_owned(),
            ends: "2026-03-08 09:00 UTC".to_owned(),
            is_current,
        };
        OwnAccountView {
            user: self.shown("Grace"),
            email: self.shown("grace@acme.example"),
            csrf: (self.of)("token"),
            notice: Some(Notice::done((self.of)("Ended."))),
            problems: vec![FieldProblem {
                field: "currentPassword",
                message: self.shown("This is wrong."),
            }],
            sessions: vec![row(2, true), row(1, false)],
        }
    }

    fn form(&self, problems: Vec<FieldProblem>) -> AppForm {
        AppForm {
            name: (self.of)("Acme Insights"),
            description: (self.of)("Charts of how your team delivers."),
            redirect_uris: (self.of)("https://app.acme.example/callback"),
            permissions: vec![Scope::ReadCommits, Scope::ReadDiffs],
            embed_origins: (self.of)("https://admin.acme.example"),
            require_pkce: true,
            require_signed_customer_ref: false,
            problems,
        }
    }

    fn dashboard(&self) -> DashboardView {
        let problem = FieldProblem {
            field: "allowedRedirectUris",
            message: self.shown("Use https, or http on 127.0.0.1."),
        };
        DashboardView {
            user: self.shown("grace@acme.example"),
            csrf: (self.of)("token"),
            notice: None,
            fresh: Some(FreshSecrets {
                app: self.shown("Acme Insights"),
                client_id: "client_1".to_owned(),
                client_secret: Secret::new((self.of)("sggcs_example")),
                embed_secret: Some(Secret::new((self.of)("sggem_example"))),
            }),
            apps: vec![AppPanel {
                id: "client_1".to_owned(),
                name: self.shown("Acme Insights"),
                description: Some(self.shown("Charts of how your team delivers.")),
                created_at: "2026-03-01".to_owned(),
                secrets: vec![SecretRow {
                    id: "secret_1".to_owned(),
                    created_at: "2026-03-01".to_owned(),
                    last_used_at: None,
                }],
                connect_url: vec![
                    LinkPart {
                        text: (self.of)("https://panel.example/oauth/authorize?state="),
                        is_variable: false,
                    },
                    LinkPart {
                        text: "RANDOM_STATE".to_owned(),
                        is_variable: true,
                    },
                ],
                try_url: link("https://panel.example/oauth/authorize?response_type=code"),
                manage_url: (self.of)(
                    "https://panel.example/app/company/apps/client_1?customer_ref=CUSTOMER_ID",
                ),
                form: self.form(Vec::new()),
                profile: ProfileForm {
                    logo: Some("/app/logos/client_1".to_owned()),
                    website: (self.of)("https://acme.example"),
                    privacy_url: (self.of)("https://acme.example/privacy"),
                    purposes: vec![PurposeRow {
                        scope: Scope::ReadCommits,
                        text: (self.of)("Charts of how you deliver."),
                    }],
                    problems: vec![FieldProblem {
                        field: "privacyUrl",
                        message: self.shown("Must be an https address."),
                    }],
                },
            }],
            new_app: self.form(vec![problem]),
            agents: vec![AgentRow {
                client_id: "client_2".to_owned(),
                name: self.shown("agent.example"),
                calls_itself: Some(self.shown("Night Owl")),
                permissions: vec!["read:branches", "read:contents"],
                since: "2026-03-01".to_owned(),
                last_used: Some("2026-03-02 10:00 UTC".to_owned()),
            }],
            connections: vec![ConnectionRow {
                host: host(ProviderId::GITHUB),
                login: self.shown("grace"),
                status: "active",
                last_used_at: None,
            }],
            connect: options(),
            recent: Recent {
                requests: 1234,
                errors: 12,
            },
        }
    }

    fn calls(&self, problems: Vec<FieldProblem>) -> CallsView {
        let choice = |value: &str| Choice {
            value: (self.of)(value),
            label: self.shown(value),
        };
        CallsView {
            user: self.shown("grace@acme.example"),
            notice: None,
            filter: CallFilter {
                entered: vec![
                    ("clientId", "client_1".to_owned()),
                    ("status", (self.of)("4xx")),
                    ("from", (self.of)("2026-03-01")),
                ],
                problems,
                apps: vec![choice("client_1")],
                endpoints: vec![choice("commits.list")],
                providers: vec![choice("github")],
                codes: vec![choice("RATE_LIMITED")],
            },
            rows: [(200, None), (403, Some("REPOSITORY_NOT_APPROVED"))]
                .iter()
                .map(|&(status, error_code)| CallRow {
                    at: "2026-03-02 10:00:01 UTC".to_owned(),
                    app: self.shown("Acme Insights"),
                    customer: self.shown("Northwind Ltd"),
                    tenant_id: "tenant_1".to_owned(),
                    endpoint_key: "commits.list",
                    repository: Some(Repository {
                        name: self.shown("ada-lovelace/engine-01"),
                        id: self.shown("1296269"),
                        calls: "/app/developer/calls?repositoryId=1296269".to_owned(),
                    }),
                    status,
                    error_code,
                    duration: "84 ms".to_owned(),
                    upstream: "under 1 ms".to_owned(),
                    request_id: "gf_req_1".to_owned(),
                })
                .collect(),
            usage: UsagePanel {
                period: "From 2026-03-01 00:00:00 UTC".to_owned(),
                requests: 1234,
                errors: 12,
                p50: Some("80 ms".to_owned()),
                p95: None,
                blocked_files: 3,
                redacted_secrets: 9,
                by_day: Chart::new(
                    (1..=30)
                        .map(|day: u64| Bar {
                            label: format!("2026-03-{day:02}"),
                            count: day * day % 47,
                            failed: day % 5,
                        })
                        .collect(),
                ),
                by_endpoint: vec![((self.of)("commits.list"), 1000, 2)],
            },
            from: 51,
            total: 1234,
            newer: Some("/app/developer/calls?offset=0".to_owned()),
            older: Some("/app/developer/calls?offset=100".to_owned()),
        }
    }

    fn testapp(&self, state: Progress) -> TestappView {
        TestappView {
            state,
            callback_url: (self.of)("https://panel.example/testapp/callback"),
            client_id: (self.of)("client_1"),
            customer_ref: (self.of)("testapp"),
            csrf: (self.of)("token"),
            notice: Some(Notice::problem((self.of)("No token was issued."))),
            is_sandbox: true,
            foreign: Some((self.of)("curl https://gitflare.example/oauth/token")),
            exchange: Some(ExchangeCard {
                request: (self.of)("curl https://gitflare.example/oauth/token"),
                answer: (self.of)("{}"),
            }),
        }
    }

    fn customer(&self) -> CustomerRow {
        CustomerRow {
            id: (self.of)("authz_1"),
            name: self.shown("Contoso"),
            customer_ref: Some(self.shown("42")),
            status: "active",
            accounts: vec![self.shown("anna-berg")],
            needs_reconnect: true,
            since: "2026-03-01".to_owned(),
            last_used: None,
            expires: Some("2026-04-01".to_owned()),
        }
    }

    fn explained(&self, error_code: Option<&'static str>) -> ExplainView {
        let step = |outcome| StepRow {
            step: "scope",
            asks: "Does the token have the scope?",
            outcome,
        };
        ExplainView {
            user: self.shown("ada@mail.example"),
            request_id: (self.of)("gf_req_1"),
            at: "2026-03-01 10:00:00 UTC".to_owned(),
            method: "GET",
            path: self.shown("/v1/repositories/github/7/commits"),
            endpoint_key: "commits.list",
            scope: "read:commits",
            app: self.shown("Acme Insights"),
            client_id: (self.of)("client_1"),
            customer: self.shown("Northwind Ltd"),
            tenant_id: (self.of)("tenant_1"),
            repository: Some(self.shown("ada-lovelace/engine-01")),
            status: if error_code.is_some() { 403 } else { 200 },
            error_code,
            duration: "12 ms".to_owned(),
            upstream: "under 1 ms".to_owned(),
            reason: error_code.map(|_| "The scope is missing."),
            fix: error_code.map(|_| "Ask the customer for it."),
            steps: [
                StepOutcome::Passed,
                StepOutcome::Failed,
                StepOutcome::Unknown,
                StepOutcome::NotReached,
            ]
            .map(step)
            .to_vec(),
        }
    }

    fn customers(&self, rows: Vec<CustomerRow>) -> CustomersView {
        CustomersView {
            user: self.shown("ada@mail.example"),
            app: self.shown("Acme Insights"),
            client_id: (self.of)("client_1"),
            search: (self.of)("acme"),
            problems: vec![FieldProblem {
                field: "search",
                message: self.shown("This is too long."),
            }],
            next: rows.first().map(|_| "/app/dashboard".to_owned()),
            rows,
        }
    }

    fn subscription(&self, is_active: bool) -> SubscriptionRow {
        SubscriptionRow {
            id: (self.of)("sub_1"),
            provider: self.shown("github"),
            repository: self.shown("1296269"),
            callback_url: self.shown("https://app.example/hooks"),
            events: vec!["push", "check"],
            is_active,
            since: "2026-03-01".to_owned(),
        }
    }

    fn subscriptions(&self, some: bool) -> SubscriptionsView {
        let rows = [self.subscription(true), self.subscription(false)];
        SubscriptionsView {
            user: self.shown("ada@mail.example"),
            customer: "/app/developer/apps/client_1/customers/authz_1".to_owned(),
            rows: rows.into_iter().filter(|_| some).collect(),
            next: some.then(|| "/app/dashboard".to_owned()),
        }
    }

    fn deliveries(&self, some: bool) -> DeliveriesView {
        let attempt = |status| AttemptRow {
            at: "2026-03-01 09:00:00 UTC".to_owned(),
            status,
            duration_ms: 87,
        };
        let row = |sequence, status, attempts| SentRow {
            id: (self.of)("evt_1"),
            sequence,
            event: "push",
            status,
            is_overtaken: status == "pending",
            arrived: "2026-03-01 09:00 UTC".to_owned(),
            next_attempt: (status == "pending").then(|| "2026-03-01 09:05:00 UTC".to_owned()),
            attempts,
        };
        let rows = vec![
            row(1, "delivered", vec![attempt(Some(204))]),
            row(2, "failed", vec![attempt(None), attempt(Some(410))]),
            row(3, "pending", vec![attempt(Some(503))]),
            row(4, "canceled", Vec::new()),
        ];
        DeliveriesView {
            user: self.shown("ada@mail.example"),
            csrf: (self.of)("token"),
            notice: some.then(|| Notice::done((self.of)("The event is queued again."))),
            base: "/app/developer/apps/client_1/customers/authz_1/events".to_owned(),
            subscription: self.subscription(some),
            paused_until: some.then(|| "2026-03-01 09:05:00 UTC".to_owned()),
            rows: rows.into_iter().filter(|_| some).collect(),
            next: some.then(|| "/app/dashboard".to_owned()),
        }
    }

    fn customer_page(&self) -> CustomerView {
        let account = |repositories| AccountRow {
            login: self.shown("anna-berg"),
            provider: self.shown("github"),
            needs_reconnect: true,
            permissions: vec!["read:commits"],
            repositories,
            last_used: Some("2026-03-01 09:00 UTC".to_owned()),
            expires: None,
        };
        CustomerView {
            user: self.shown("ada@mail.example"),
            csrf: (self.of)("token"),
            notice: Some(Notice::done((self.of)("The link is made."))),
            link: Some((self.of)(
                "https://panel.example/app/company/apps/client_1/reconnect",
            )),
            sends_mail: true,
            email: (self.of)("it@northwind.example"),
            app: self.shown("Acme Insights"),
            client_id: (self.of)("client_1"),
            tenant_id: "tenant_1".to_owned(),
            customer: self.customer(),
            is_live: true,
            permissions: vec!["read:commits"],
            accounts: vec![
                account(None),
                account(Some(vec![self.shown("acme/storefront")])),
            ],
        }
    }

    fn testapp_events(&self, is_empty: bool) -> EventsView {
        let one = |count: usize| if is_empty { 0 } else { count };
        let delivery = || DeliveryRow {
            event: self.shown("push"),
            action: Some(self.shown("created")),
            repository: self.shown("acme/storefront"),
            provider: self.shown("github"),
            at: "2026-03-01T09:00:00.000Z".to_owned(),
            id: self.shown("evt_1"),
            timestamp: self.shown("1800000000"),
            signature: self.shown("v1,AAAA"),
            body: (self.of)("{\n  \"type\": \"push\"\n}"),
        };
        let repository = || SubscribeRow {
            is_subscribed: false,
            value: (self.of)("github:1001"),
            name: self.shown("acme/storefront"),
            provider: self.shown("GitHub"),
        };
        let command = || EmitRow {
            name: "GitHub",
            command: (self.of)("curl -s -X POST http://127.0.0.1:9/__emit"),
            events: vec!["push", "release"],
        };
        EventsView {
            callback_url: (self.of)("https://panel.example/testapp/inbox/1"),
            csrf: (self.of)("token"),
            notice: Some(Notice::done((self.of)("Subscribed: sub_1"))),
            is_connected: true,
            repositories: (0..one(2)).map(|_| repository()).collect(),
            commands: (0..one(1)).map(|_| command()).collect(),
            deliveries: (0..one(2)).map(|_| delivery()).collect(),
        }
    }

    fn testapp_diff(&self) -> DiffView {
        let row = |sent: Option<&str>| SideRow {
            path: self.shown("config/production.toml"),
            sent: sent.map(self.of),
            raw: (self.of)("@@ -0,0 +1 @@\n+password = \"made-up\""),
        };
        DiffView {
            repository: self.shown("acme/storefront"),
            commit: (self.of)("7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"),
            blocked: 2,
            redacted: 3,
            rows: vec![
                row(Some("+password = gf_sha256:4b4bbce2f2b42b93")),
                row(None),
            ],
        }
    }

    fn probes(&self) -> ProbeView {
        let row = |status, error_code: Option<&str>| ProbeRow {
            endpoint_key: "commits.list",
            repository: Some(self.shown("1001")),
            status,
            error_code: error_code.map(|code| self.shown(code)),
            request_id: Some(self.shown("gf_req_1")),
            items: 25,
            pages: 1,
            took: "840 µs".to_owned(),
        };
        ProbeView {
            title: "Every operation on one repository",
            took: "42.0 ms".to_owned(),
            rows: vec![row(200, None), row(501, Some("UNSUPPORTED_ENDPOINT"))],
        }
    }

    /// Every page.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let ok = StatusCode::OK;
        let active = SharingState::Active {
            since: "1 March 2026".to_owned(),
            last_used: Some("3 minutes ago".to_owned()),
            shared: Some(12),
        };
        let locked = |request_id: Option<String>| LockedView {
            is_invited: request_id.is_none(),
            app: self.app(),
            connect: options(),
            address: link("/oauth/authorize?request_id=req_1"),
            csrf: (self.of)("token"),
            request_id,
            notice: None,
            embedding: self.embedding(false),
        };
        let problem = |field: &'static str| FieldProblem {
            field,
            message: self.shown("Use at least 12 characters."),
        };
        let error = Error::new(Code::ResourceNotFound, (self.of)("There is no such route."));
        let public_url = "https://api.example".to_owned();
        let panel_url = "https://panel.example".to_owned();
        let providers = Registry::new(Vec::new());
        let routes: Vec<_> = crate::http::ROUTES.iter().collect();
        let openapi = crate::http::openapi::of_routes(&public_url, &routes);
        let operation = documents::Reference(&openapi)
            .operation("commits.diff")
            .unwrap();
        let facts = documents::Facts {
            public_url: &public_url,
            panel_url: &panel_url,
            providers: &providers,
        };
        let documents = documents::DOCUMENTS.iter().map(|document| {
            let text = document.markdown(&facts);
            let view = DocumentView::new(document.about, "/docs/x.md", &text);
            sample(document.name, view.reply(ok))
        });
        let mut samples: Vec<_> = documents.collect();
        samples.extend([
            sample(
                "landing",
                LandingView {
                    public_url: public_url.clone(),
                    panel_url: panel_url.clone(),
                    providers: vec!["GitHub".into(), "GitLab".into()],
                }
                .reply(ok),
            ),
            sample(
                "docs-operation",
                DocumentView::new("About", "/docs/api/x.md", &operation).reply(ok),
            ),
            sample(
                "docs-api",
                ReferenceView::new(
                    "https://api.example",
                    crate::http::ROUTES.iter(),
                    &providers,
                    &openapi,
                )
                .reply(ok),
            ),
            sample(
                "zero-trust",
                ZeroTrustView {
                    is_enabled: true,
                    blocked: self.firewall().blocked,
                }
                .reply(ok),
            ),
            sample("signup", SignupView::default().reply(ok)),
            sample(
                "signup-problems",
                SignupView {
                    csrf: (self.of)("token"),
                    return_to: Some((self.of)("/docs")),
                    name: (self.of)("Grace"),
                    email: (self.of)("grace@acme.example"),
                    invitation: (self.of)("link"),
                    is_closed: false,
                    problems: vec![problem("name"), problem("email"), problem("password")],
                    notice: Some(Notice::problem((self.of)("Too many tries. Wait a minute."))),
                }
                .reply(ok),
            ),
            sample(
                "signup-closed",
                SignupView {
                    is_closed: true,
                    ..SignupView::default()
                }
                .reply(ok),
            ),
            sample(
                "reset",
                ResetView {
                    csrf: (self.of)("token"),
                    link: (self.of)("link"),
                    email: (self.of)("grace@acme.example"),
                    problems: vec![problem("password")],
                    notice: Some(Notice::problem((self.of)("Too many tries. Wait a minute."))),
                }
                .reply(ok),
            ),
            sample("login", LoginView::default().reply(ok)),
            sample(
                "login-problems",
                LoginView {
                    csrf: (self.of)("token"),
                    return_to: Some((self.of)("/docs")),
                    email: (self.of)("grace@acme.example"),
                    sends_mail: true,
                    problems: vec![problem("email"), problem("password")],
                    notice: Some(Notice::problem((self.of)("E-mail or password is wrong."))),
                }
                .reply(ok),
            ),
            sample("consent-start", self.consent(false, false).reply(ok)),
            sample("consent", self.consent(true, false).reply(ok)),
            sample("consent-framed", self.consent(false, true).reply(ok)),
            sample("locked", locked(Some((self.of)("req_1"))).reply(ok)),
            sample("locked-manage", locked(None).reply(ok)),
            sample("manage", self.manage(active).reply(ok)),
            sample(
                "manage-pending",
                self.manage(SharingState::Pending).reply(ok),
            ),
            sample("manage-none", self.manage(SharingState::None).reply(ok)),
            sample(
                "handover",
                HandoverView {
                    outcome: Handover::Linked {
                        flow_id: (self.of)("flow_1"),
                        completion_code: (self.of)("code"),
                    },
                }
                .reply(ok),
            ),
            sample(
                "handover-failed",
                HandoverView {
                    outcome: Handover::Failed {
                        reason: self.shown("You declined at GitHub."),
                    },
                }
                .reply(ok),
            ),
            sample(
                "forgotten",
                ForgottenView {
                    csrf: (self.of)("token"),
                    email: (self.of)("grace@acme.example"),
                    notice: Some(Notice::done((self.of)("A link is on its way."))),
                }
                .reply(ok),
            ),
            sample("account", self.account().reply(ok)),
            sample("reads", self.reads(true).reply(ok)),
            sample("reads-empty", self.reads(false).reply(ok)),
            sample("dashboard", self.dashboard().reply(ok)),
            sample("calls", self.calls(Vec::new()).reply(ok)),
            sample(
                "calls-problem",
                self.calls(vec![FieldProblem {
                    field: "status",
                    message: self.shown("status must be an HTTP status."),
                }])
                .reply(ok),
            ),
            sample(
                "error",
                ErrorView::new(StatusCode::NOT_FOUND, &error, "gf_req_1").reply(ok),
            ),
            sample("testapp", self.testapp(Progress::Unconfigured).reply(ok)),
            sample(
                "testapp-ready",
                self.testapp(Progress::Ready {
                    connect_url: link("/oauth/authorize?client_id=client_1"),
                })
                .reply(ok),
            ),
            sample(
                "testapp-connected",
                self.testapp(Progress::Connected).reply(ok),
            ),
            sample("testapp-events", self.testapp_events(false).reply(ok)),
            sample("testapp-events-empty", self.testapp_events(true).reply(ok)),
            sample("customers", self.customers(vec![self.customer()]).reply(ok)),
            sample("subscriptions", self.subscriptions(true).reply(ok)),
            sample("subscriptions-none", self.subscriptions(false).reply(ok)),
            sample("deliveries", self.deliveries(true).reply(ok)),
            sample("deliveries-none", self.deliveries(false).reply(ok)),
            sample("customers-none", self.customers(Vec::new()).reply(ok)),
            sample("explain", self.explained(None).reply(ok)),
            sample(
                "explain-refused",
                self.explained(Some("INSUFFICIENT_SCOPE")).reply(ok),
            ),
            sample("customer", self.customer_page().reply(ok)),
            sample("testapp-diff", self.testapp_diff().reply(ok)),
            sample("probes", self.probes().reply(ok)),
        ]);
        samples
    }
}
