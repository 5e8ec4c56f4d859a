//! Tells random characters from words, by how common each pair of letters is in the names and
//! prose of source code and how often their names change from letters to digits or capitals. It
//! judges texts of a secret's size; it knows no dictionary.

/// How common a pair is, 0 to 9, by first and second letter; 6 and above are pairs of words. The
/// steps are eight ninths of a bit against letters drawn by lot, which stand at 5.6.
const PAIRS: [&[u8; 26]; 26] = [
    b"36763351504767060768543341",
    b"75647432752844740665721051",
    b"74547347607643841657532230",
    b"74569533821644641675545230",
    b"63675542402657353877254630",
    b"74557741801744841665603240",
    b"64439456702656642775632121",
    b"83458322803454840656614042",
    b"54665560102669750577150305",
    b"73339444725444852474823232",
    b"64469444802545551476534240",
    b"73458331804733760356531060",
    b"85449322703453770365621120",
    b"73677682614434640378542030",
    b"45763541414668560866656310",
    b"83558435603743761866634130",
    b"44465543422644453554924222",
    b"73559441704454740576543050",
    b"63638346704443662478633154",
    b"73548426801543740766523361",
    b"56656540601768360778100200",
    b"83449433802454641454211200",
    b"84557426813557751774323202",
    b"65757644701554473458334551",
    b"55646433613667690486344233",
    b"74449433713443642454543135",
];

/// What a text is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) len: usize,
    pub(crate) digits: usize,
    pub(crate) upper: usize,
    pub(crate) lower: usize,
    pub(crate) spaces: usize,
    /// Bytes that are neither letters, digits nor spaces.
    pub(crate) symbols: usize,
    /// Changes between letters and digits.
    pub(crate) switches: usize,
    /// Letters outside hexadecimal.
    beyond_hex: usize,
    pairs: usize,
    commonness: usize,
    /// How much less likely the text is as a name than by lot, in ninths of a bit, before the
    /// share of each class of characters is known.
    surprise: i32,
    /// Different bytes.
    pub(crate) distinct: usize,
}

impl Profile {
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut counts = [0usize; 8];
        let (mut switches, mut pairs, mut commonness, mut steps) = (0, 0, 0, 0);
        let mut seen = [0u64; 4];
        let (mut before, mut class) = (0u8, NONE);
        for &byte in text {
            let next = CLASSES[usize::from(byte)];
            let change = CHANGES[class][next];
            counts[next] += 1;
            switches += usize::from(change & SWITCH);
            steps += i32::from(STEPS[class][next]);
            seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
            if change & PAIR != 0 {
                pairs += 1;
                commonness += usize::from(
                    PAIRS[usize::from((before | 0x20) - b'a')][usize::from((byte | 0x20) - b'a')]
                        - b'0',
                );
            }
            (before, class) = (byte, next);
        }
        Self {
            len: text.len(),
            digits: counts[DIGIT],
            upper: counts[UPPER] + counts[UPPER_HEX],
            lower: counts[LOWER] + counts[LOWER_HEX],
            spaces: counts[SPACE],
            symbols: counts[OTHER],
            switches,
            beyond_hex: counts[UPPER] + counts[LOWER],
            pairs,
            commonness,
            surprise: steps + 45 * pairs as i32 - 8 * commonness as i32,
            distinct: seen.iter().map(|bits| bits.count_ones() as usize).sum(),
        }
    }

    pub(crate) const fn letters(&self) -> usize {
        self.upper + self.lower
    }

    /// Only hexadecimal digits (with at most a few separators).
    pub(crate) const fn is_hex(&self) -> bool {
        self.beyond_hex == 0 && self.symbols == 0 && self.spaces == 0
    }

    /// Whether the letters read like words; true as well when there are too few to say.
    pub(crate) const fn reads_like_words(&self) -> bool {
        self.pairs < 3 || self.commonness * 10 >= self.pairs * 53
    }

    /// Whether a generator made this rather than a person naming something.
    pub(crate) fn is_random(&self) -> bool {
        if self.len < 8 || self.spaces > 0 || self.distinct < 6 {
            return false;
        }
        if self.is_hex() {
            return self.len >= 32 && self.letters() > 0
                || self.len >= 16 && self.digits * 10 >= self.len && self.distinct >= 8;
        }
        if self.len >= 32 && self.digits >= 8 && self.letters() >= 8 && self.symbols == 0 {
            return true;
        }
        if self.letters() * 4 < self.len || self.symbols * 5 > self.len {
            return false;
        }
        self.surprise as f32 / 9.0 + self.by_lot() > BITS
    }

    /// The likelihood of the classes when each is drawn by its share, in bits, less a price for
    /// each share that was fitted.
    fn by_lot(&self) -> f32 {
        [self.lower, self.upper, self.digits, self.symbols]
            .into_iter()
            .filter(|count| *count > 0)
            .map(|count| count as f32 * (count as f32 / self.len as f32).log2() - PRICE)
            .sum::<f32>()
            + PRICE
    }
}

/// How many bits must speak for the lot.
const BITS: f32 = 9.0;
const PRICE: f32 = 1.5;

const OTHER: usize = 0;
const SPACE: usize = 1;
const DIGIT: usize = 2;
const LOWER: usize = 3;
const LOWER_HEX: usize = 4;
const UPPER: usize = 5;
const UPPER_HEX: usize = 6;
/// Before the first byte.
const NONE: usize = 7;

/// The class of every byte.
const CLASSES: [usize; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' => LOWER_HEX,
            b'g'..=b'z' => LOWER,
            b'A'..=b'F' => UPPER_HEX,
            b'G'..=b'Z' => UPPER,
            b' ' | b'\t' => SPACE,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
};

/// A change between letters and digits.
const SWITCH: u8 = 1;
/// Two letters of one word; a capital after a small letter begins a new one.
const PAIR: u8 = 2;

/// How rare it is in names that one kind follows another, in ninths of a bit: neither letter nor
/// digit, digit, small letter, capital. Counted over 100,000 names of Rust and Python sources.
const RARITY: [[i8; 4]; 4] = [
    [0, 50, 5, 15],
    [18, 9, 23, 32],
    [33, 65, 2, 41],
    [29, 59, 23, 5],
];

/// [`RARITY`] by class.
const STEPS: [[i8; 8]; 8] = {
    let mut steps = [[0; 8]; 8];
    let mut before = OTHER;
    while before < NONE {
        let mut next = OTHER;
        while next < NONE {
            steps[before][next] = RARITY[kind(before)][kind(next)];
            next += 1;
        }
        before += 1;
    }
    steps
};

/// What it means that one class follows another.
const CHANGES: [[u8; 8]; 8] = {
    let mut changes = [[0; 8]; 8];
    let mut before = OTHER;
    while before <= UPPER_HEX {
        let mut next = OTHER;
        while next <= UPPER_HEX {
            let (from, to) = (kind(before), kind(next));
            let letters = from >= 2 && to >= 2;
            changes[before][next] = if from == 1 && to >= 2 || from >= 2 && to == 1 {
                SWITCH
            } else {
                0
            } | if letters && !(from == 2 && to == 3) {
                PAIR
            } else {
                0
            };
            next += 1;
        }
        before += 1;
    }
    changes
};

/// Neither letter nor digit, digit, small letter, capital.
const fn kind(class: usize) -> usize {
    match class {
        OTHER | SPACE => 0,
        DIGIT => 1,
        LOWER | LOWER_HEX => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_random() {
        for text in [
            "authorization",
            "my-secret-name",
            "getAccessTokenFromRequest",
            "ACCESS_TOKEN_EXPIRED",
            "kubernetes.io/service-account",
            "password123",
            "application/json",
            "00000000000000000000",
            "internationalization",
            "unauthorizedclientexception",
            "X509v3SubjectKeyIdentifier",
            "com.example.project.settings.SyncAdapter",
            "OPENSSL_X509_STORE_CTX",
            "getElementsByClassName2",
            "2024-01-08T05:12:44Z",
            "пароль пользователя",
        ] {
            assert!(!Profile::of(text.as_bytes()).is_random(), "{text}");
        }
    }

    #[test]
    fn generated_texts_are_random() {
        for text in [
            "gHsKdpQwLmzXvBnT",
            "9f86d081884c7d659a2feaa0c55ad015",
            "k3J9sX0qPz7LmN2v",
            "aB3/xY9+zQ1kLmW8vT5r",
            "fkqzjwxvbnpqhgtd",
            "qltwhsrnbvadkzoepmcu",
            "LtWhSrNbvAdkZoEpmCuQyRf",
            "sSfUQUAkNX7LHQ7A",
            "XJQWMPDKRTNBHGVC",
            "tRwQmNcKdLpXsZfG",
        ] {
            assert!(Profile::of(text.as_bytes()).is_random(), "{text}");
        }
    }
}
