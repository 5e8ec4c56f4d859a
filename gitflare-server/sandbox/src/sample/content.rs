//! The files of the sample repository: short, but of the kinds that people really commit.

use super::Planted;

pub(super) const README: &str =
    "# Storefront\n\nThe web shop of Acme. `python -m storefront` serves it on port 8000.\n";

pub(super) const CART: &str = r#""""What a customer is about to buy."""


class Cart:
    def __init__(self):
        self.lines = {}

    def add(self, sku, quantity=1):
        """Puts `quantity` more of a product into it."""
        if quantity < 1:
            raise ValueError("quantity must be at least 1")
        self.lines[sku] = self.lines.get(sku, 0) + quantity

    def remove(self, sku):
        """Takes a product out, however many there are."""
        self.lines.pop(sku, None)

    def total(self, prices):
        """What it costs, in cents."""
        return sum(prices[sku] * count for sku, count in self.lines.items())

    def is_empty(self):
        return not self.lines
"#;

pub(super) const PAYMENTS: &str = r#""""Takes money. Nothing is charged before the shop is live."""

CURRENCY = "EUR"
LIVE = False


def charge(amount, customer):
    if not LIVE:
        return {"status": "simulated", "amount": amount, "customer": customer}
    raise NotImplementedError("payments are not configured")
"#;

pub(super) const SEARCH: &str = r#""""Finds products by name."""


def search(products, words):
    words = words.lower().split()
    return [p for p in products if all(word in p["name"].lower() for word in words)]
"#;

pub(super) const SEARCH_RANKED: &str = r#""""Finds products by name."""


def search(products, words):
    wanted = words.lower()
    found = [p for p in products if all(w in p["name"].lower() for w in wanted.split())]
    return sorted(found, key=lambda p: (p["name"].lower() != wanted, p["name"]))
"#;

pub(super) const DEPLOY: &str =
    "# Deploying\n\nPush to `release/1.x`; the pipeline does the rest.\n";

pub(super) fn payments_live(planted: &Planted) -> String {
    PAYMENTS
        .replace(
            "Nothing is charged before the shop is live.",
            "The shop is live.",
        )
        .replace(
            "LIVE = False",
            &format!("LIVE = True\nAPI_KEY = \"{}\"", planted.payment_key),
        )
}

pub(super) fn production(planted: &Planted) -> String {
    format!(
        "[database]\nhost = \"db.acme.example\"\npassword = \"{}\"\n\n[storage]\naccess_key_id = \"{}\"\nbucket = \"acme-images\"\n",
        planted.database_password, planted.cloud_key
    )
}

/// A product of the catalogue.
pub(super) struct Product {
    number: usize,
}

impl Product {
    /// The first `count` products, with their positions.
    pub(super) fn range(count: usize) -> impl Iterator<Item = (usize, Self)> {
        (0..count).map(|number| (number, Self { number }))
    }

    fn name(&self) -> String {
        const KINDS: [&str; 6] = ["Kettle", "Lamp", "Chair", "Teapot", "Blanket", "Clock"];
        const STYLES: [&str; 4] = ["Blue", "Oak", "Linen", "Brass"];
        let style = STYLES[self.number / KINDS.len() % STYLES.len()];
        format!("{style} {}", KINDS[self.number % KINDS.len()])
    }

    pub(super) fn message(&self) -> String {
        format!("Sell the {}\n", self.name().to_lowercase())
    }

    pub(super) fn path(&self) -> String {
        format!("catalogue/{:03}.json", self.number + 1)
    }

    pub(super) fn json(&self) -> String {
        let cents = 990 + 325 * self.number;
        format!(
            "{{\n  \"sku\": \"A{:03}\",\n  \"name\": \"{}\",\n  \"cents\": {cents}\n}}\n",
            self.number + 1,
            self.name()
        )
    }
}

/// A PNG's signature and a body that no text can be.
pub(super) fn binary_logo() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((0..600u32).map(|at| (at * at % 251) as u8));
    bytes
}
