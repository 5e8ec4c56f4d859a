//! Chooses, for every literal, the four-byte window that is rarest in source text, and shares the
//! windows out among some buckets so that few other places pass the filter. A bucket lets
//! through the product of what its windows contain at each byte, so windows that look alike belong
//! together.

use super::{Literal, WINDOW};

/// Groups of eight buckets, which are looked up at once. Nibbles let more through, and what passes
/// costs more than a fourth group does: a tenth of all time on sources, more on scripts.
pub(super) const GROUPS_OF_NIBBLES: usize = 4;
pub(super) const GROUPS_OF_BYTES: usize = 4;
/// What [`folded`] makes of a byte.
pub(super) const FOLDED: usize = 64;
/// Windows of a literal that are tried.
const WINDOWS: usize = 8;
/// How often every literal may move.
const ROUNDS: usize = 2;
/// Windows that are far commoner in sources of four languages, in settings, in prose and in scripts
/// without blanks than their bytes let expect, as many as a [`Mask`] has bits; `~` is a blank.
const COMMON: &str = "\
    tion ~the the~ ion~ stri atio ~con this name ions ring port sion ing~ type http ptio trin \
     cons self inst ~for ~str nsta onst erro vers requ ~thi ment etur ersi turn for~ retu rsio \
     opti stan ance ctio para nst~ ttps aram tps: ~ret and~ tanc with from call able ~pro ~and \
     test pub~ ~sel his~ urn~ rust ort~ .com code eque path back data stat valu ques ture ~req \
     uest elf. ~use resp rate alue cont spon ~res ject espo file onse com/ pons thub gith ithu \
     erat inte oper *pub date rom~ hub. list llba lbac allb ~ins ~wit b.co ub.c /git pend ~typ \
     ~par func his. ~fro ault faul unct efau ~def comp form defa comm ~tha mple ende atch ted~ \
     mpor let~ rams nter rati impo time ~val ncti atur ing; expo ame~ equi ~not ~htt quir allo \
     read ~cal ~com xpor that n~th (htt ent~ llow e~th uire fals alse emen null nden epen feat \
     s~th hat~ depe f~th bjec ated eatu ~let ~int ding mber impl ons~ obje ate~ prom scri orma \
     e~re use~ denc text ~fal asse spec ith~ crat ~sta ~opt cess true page ader ~err umbe numb \
     eade s~to head are~ line meth ~imp matc arge not~ ~ver pars ~nam sed~ tati ther thod etho \
     onte ures ting info ourc romi sour ount urce cies resu of~t omis enci mise rget ~dat conf \
     ncie ~fil sert ~any targ sult ~fun esul reso reat arse ype~ crea iona iter ents argo carg \
     pera ~tru ~add item var~ ion( ,thi ;if( {var ){va =thi {ret .get engt ngth ){re (thi leng \
     reak .len brea ;ret is._ (e,t for( olor ),th =fun case {if( }fun ight .pro ;var (e){ lass \
     tyle {let )ret on(t rn~t roto new~ eak~ prot idth otyp toty otot on() leme void ase~ oid~ \
     rent n(){ (t,e (t){ );re ){if Math ath. on(e abel eigh ndex ype. e,t) push eof~ )=>{ Type \
     rans Colo .pus tart umen is.p ush( ){le if(! ;let ()=> ;bre ;cas lect Name hild =nul (fun \
     itio rror peof ypeo clas ;for eate play else attr Elem .set is.c elec .con styl {bre ange \
     tate ){br (){r {con :fun ull, is.s is.t );if .att :thi {thi tive Text widt lide rray ound \
     );va ent( .par vent }ret pdat";
/// How often each of them occurs, on average.
const SHARE: f32 = 0.000_4;

/// A set of the common windows.
type Mask = [u128; PARTS];
const PARTS: usize = 3;

/// Windows that common words of sources share with a literal: `index` with the name of a company.
/// Each of their places costs a comparison.
const BUSY: &str = "\
     able acce acti ampl ance anch arch arti asic asse assw atch atio atte atur atus audi ault \
     auth base boun bran cati cces cess chec chem cket clie code comm conf conn cont cret ctio \
     ctor cust data date dent diff earc ecre ecti efor ende enti entr epor erve essa essi even \
     file flar flic form from full gger heck here hing hook hori iali icat iden ient ifie ight \
     imes impo ines inst inte iter itor izat ject kind lare lien line link live lock lose mail \
     mark ment mess most mpor ndex nect nfig nnec nsta nten nter ntia ntry oint ojec oken omer \
     onfi onne onte open opti oriz otif ourc over page part pass pera pers poin port proj push \
     ques ranc rede repo ring rise riza roje rows rver sage sear secr send sent serv sess sign \
     sion sour ssag ssio sswo stac stan stat stom stor stri swor tack tatu tent tera test then \
     ther thin thor tial tifi tify time tion toke tome tore tory tree trin true tter ture type \
     udit uest upst urce user usto utho vent view wire word zati";
/// What such a window costs beside one that only passes the filter: how often it occurs, times how
/// much dearer a comparison is.
const COMPARISON: f32 = 0.002;

/// Each literal's window, and a filter for them all.
pub(super) struct Plan {
    /// Offset of the chosen window, by literal.
    pub(super) offsets: Vec<usize>,
    pub(super) filter: Filter,
}

/// Which buckets accept a byte of a window: by group, byte of the window, and the byte or half of
/// it.
pub(super) enum Filter {
    /// Everything passes.
    None,
    /// By low and by high nibble; a bucket accepts what both accept.
    Nibbles([Box<[[[u8; 16]; WINDOW]; GROUPS_OF_NIBBLES]>; 2]),
    /// By the [`folded`] byte.
    Bytes(Box<[[[u8; FOLDED]; WINDOW]; GROUPS_OF_BYTES]>),
}

/// A byte in the six bits that one look-up takes: without its case, which most literals leave open
/// anyway. Signs share a place with control characters.
pub(super) const fn folded(byte: u8) -> usize {
    (byte & 0x1f | (byte & 0x40) >> 1) as usize
}

/// How a filter tells bytes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Nibbles,
    Bytes,
}

impl Precision {
    const fn buckets(self) -> usize {
        8 * match self {
            Self::Nibbles => GROUPS_OF_NIBBLES,
            Self::Bytes => GROUPS_OF_BYTES,
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    low: [u16; WINDOW],
    high: [u16; WINDOW],
    /// The folded bytes.
    bytes: [u64; WINDOW],
    /// How often the bytes occur that stand at each place.
    shares: [f32; WINDOW],
    /// The common windows that have these bytes, low and high nibbles at each place.
    common: [[Mask; WINDOW]; 3],
}

impl Bucket {
    /// The bucket with the bytes of another.
    fn with(mut self, other: &Self, frequency: &Frequency) -> Self {
        self.shares = self.shares_with(other, frequency);
        for index in 0..WINDOW {
            self.low[index] |= other.low[index];
            self.high[index] |= other.high[index];
            self.bytes[index] |= other.bytes[index];
        }
        self.add_common(other);
        self
    }

    fn add_common(&mut self, other: &Self) {
        let (all, others) = (self.common.iter_mut(), &other.common);
        for (all, other) in all
            .flatten()
            .flatten()
            .zip(others.iter().flatten().flatten())
        {
            *all |= other;
        }
    }

    /// How many common windows pass with the bytes of another.
    fn common_with(&self, other: &Self, precision: Precision) -> u32 {
        let passing = |part: usize| {
            let all = |masks: usize| {
                (0..WINDOW).fold(u128::MAX, |all, index| {
                    all & (self.common[masks][index][part] | other.common[masks][index][part])
                })
            };
            match precision {
                Precision::Bytes => all(0),
                Precision::Nibbles => all(1) & all(2),
            }
            .count_ones()
        };
        (0..PARTS).map(passing).sum()
    }

    /// What its shares become with the bytes of another. Only those that grow are weighed anew.
    fn shares_with(&self, other: &Self, frequency: &Frequency) -> [f32; WINDOW] {
        std::array::from_fn(|index| {
            let (low, high, bytes) = (self.low[index], self.high[index], self.bytes[index]);
            let holds = other.bytes[index] & !bytes == 0
                && other.low[index] & !low == 0
                && other.high[index] & !high == 0;
            if holds {
                self.shares[index]
            } else {
                let (low, high) = (low | other.low[index], high | other.high[index]);
                frequency.of(low, high, bytes | other.bytes[index])
            }
        })
    }

    /// How often a window passes.
    fn cost(&self, frequency: &Frequency) -> f32 {
        frequency.cost(&self.shares, self.common_with(self, frequency.precision))
    }
}

impl Plan {
    /// A plan for these literals. The windows do not depend on the filter's precision, so that
    /// hits come in the same order with every one.
    pub(super) fn new(literals: &[Literal], precision: Option<Precision>) -> Self {
        let mut frequency = Frequency::new();
        let mut choices: Vec<Choice> = literals
            .iter()
            .enumerate()
            .map(|(index, literal)| (index, best_windows(literal, &frequency)))
            .collect();
        // The commonest go first: they decide what the buckets look like.
        let cost = |choice: &Choice| choice.1[0].shape.cost(&frequency);
        choices.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
        let mut sharing = Sharing::of(choices, &frequency);
        let mut offsets = vec![0; literals.len()];
        for (index, window) in sharing.chosen() {
            offsets[index] = window.offset;
        }
        let filter = match precision {
            None => Filter::None, // the portable automaton filters by itself
            Some(Precision::Bytes) => by_bytes(&sharing.buckets),
            Some(Precision::Nibbles) => {
                let chosen = sharing.chosen();
                let choices = chosen
                    .map(|(index, window)| (index, vec![window]))
                    .collect();
                frequency.precision = Precision::Nibbles;
                sharing = Sharing::of(choices, &frequency);
                by_nibbles(&sharing.buckets)
            }
        };
        Self { offsets, filter }
    }
}

fn by_bytes(buckets: &[Bucket]) -> Filter {
    let mut filter = Box::new([[[0; FOLDED]; WINDOW]; GROUPS_OF_BYTES]);
    for (place, bucket) in buckets.iter().enumerate() {
        for (table, bytes) in filter[place / 8].iter_mut().zip(bucket.bytes) {
            for (byte, buckets) in table.iter_mut().enumerate() {
                *buckets |= ((bytes >> byte & 1) as u8) << (place % 8);
            }
        }
    }
    Filter::Bytes(filter)
}

fn by_nibbles(buckets: &[Bucket]) -> Filter {
    let tables = |nibbles: fn(&Bucket) -> [u16; WINDOW]| {
        let mut filter = Box::new([[[0; 16]; WINDOW]; GROUPS_OF_NIBBLES]);
        for (place, bucket) in buckets.iter().enumerate() {
            for (table, nibbles) in filter[place / 8].iter_mut().zip(nibbles(bucket)) {
                for (nibble, buckets) in table.iter_mut().enumerate() {
                    *buckets |= ((nibbles >> nibble & 1) as u8) << (place % 8);
                }
            }
        }
        filter
    };
    Filter::Nibbles([tables(|bucket| bucket.low), tables(|bucket| bucket.high)])
}

/// Literals being shared out: each with its windows, and where it stands.
struct Sharing<'f> {
    choices: Vec<Choice>,
    /// Bucket and window, by choice.
    places: Vec<Option<(usize, usize)>>,
    buckets: Vec<Bucket>,
    frequency: &'f Frequency,
}

/// A literal's index, and its windows.
type Choice = (usize, Vec<Window>);

/// A window of a literal.
#[derive(Clone, Copy)]
struct Window {
    offset: usize,
    shape: Bucket,
    /// What its places cost beyond the filter.
    price: f32,
}

impl<'f> Sharing<'f> {
    fn of(choices: Vec<Choice>, frequency: &'f Frequency) -> Self {
        let mut sharing = Self {
            places: vec![None; choices.len()],
            choices,
            buckets: vec![Bucket::default(); frequency.precision.buckets()],
            frequency,
        };
        // Greedy first; then each literal may move once the others are in place.
        for _ in 0..=ROUNDS {
            sharing.round();
        }
        sharing
    }

    /// Literals with their windows.
    fn chosen(&self) -> impl Iterator<Item = (usize, Window)> {
        let places = self.choices.iter().zip(&self.places);
        places.filter_map(|((index, windows), place)| Some((*index, windows[(*place)?.1])))
    }

    fn round(&mut self) {
        for index in 0..self.choices.len() {
            if let Some((bucket, _)) = self.places[index].take() {
                self.buckets[bucket] = self.rebuilt(bucket);
            }
            let windows = &self.choices[index].1;
            let costs = self.buckets.iter();
            let costs: Vec<f32> = costs.map(|bucket| bucket.cost(self.frequency)).collect();
            let mut best = (f32::INFINITY, 0, 0);
            for (window, Window { shape, price, .. }) in windows.iter().enumerate() {
                for (place, bucket) in self.buckets.iter().enumerate() {
                    let shares = bucket.shares_with(shape, self.frequency);
                    let least = shares.iter().product::<f32>() - costs[place] + price;
                    if least >= best.0 {
                        continue;
                    }
                    let common = bucket.common_with(shape, self.frequency.precision);
                    let added = self.frequency.cost(&shares, common) - costs[place] + price;
                    if added < best.0 {
                        best = (added, place, window);
                    }
                }
            }
            let (_, place, window) = best;
            self.places[index] = Some((place, window));
            self.buckets[place] = self.buckets[place].with(&windows[window].shape, self.frequency);
        }
    }

    fn rebuilt(&self, bucket: usize) -> Bucket {
        let mut rebuilt = Bucket::default();
        for (choice, place) in self.choices.iter().zip(&self.places) {
            if let Some((place, window)) = place
                && *place == bucket
            {
                let shape = &choice.1[*window].shape;
                for index in 0..WINDOW {
                    rebuilt.low[index] |= shape.low[index];
                    rebuilt.high[index] |= shape.high[index];
                    rebuilt.bytes[index] |= shape.bytes[index];
                }
                rebuilt.add_common(shape);
            }
        }
        Bucket::default().with(&rebuilt, self.frequency)
    }
}

/// The rarest windows of a literal.
fn best_windows(literal: &Literal, frequency: &Frequency) -> Vec<Window> {
    assert!(literal.len() >= WINDOW, "a literal shorter than a window");
    let mut windows: Vec<Window> = (0..=literal.len() - WINDOW)
        .map(|offset| {
            let mut window = Bucket::default();
            for index in 0..WINDOW {
                for byte in literal.accepts(offset + index) {
                    window.low[index] |= 1 << (byte & 15);
                    window.high[index] |= 1 << (byte >> 4);
                    window.bytes[index] |= 1 << folded(byte);
                    let common = &frequency.common[index][usize::from(byte)];
                    for (all, these) in window.common.iter_mut().zip(common) {
                        for (all, these) in all[index].iter_mut().zip(these) {
                            *all |= these;
                        }
                    }
                }
            }
            Window {
                offset,
                shape: Bucket::default().with(&window, frequency),
                price: if is_busy(literal, offset) {
                    COMPARISON
                } else {
                    0.0
                },
            }
        })
        .collect();
    let cost = |window: &Window| window.shape.cost(frequency) + window.price;
    windows.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    windows.truncate(WINDOWS);
    windows
}

/// Whether common words have the window of `literal` at `offset`.
fn is_busy(literal: &Literal, offset: usize) -> bool {
    let accepted: [Vec<u8>; WINDOW] = std::array::from_fn(|index| {
        let bytes = literal.accepts(offset + index);
        bytes.iter().map(u8::to_ascii_lowercase).collect()
    });
    BUSY.as_bytes().chunks(WINDOW + 1).any(|word| {
        let mut bytes = accepted.iter().zip(word);
        bytes.all(|(accepted, byte)| accepted.contains(byte))
    })
}

/// The common windows by what they have at each place.
fn common() -> Box<[[[Mask; 3]; 256]; WINDOW]> {
    let mut common = Box::new([[[[0; PARTS]; 3]; 256]; WINDOW]);
    for (place, window) in COMMON.split(' ').enumerate() {
        let window = window
            .bytes()
            .map(|byte| if byte == b'~' { b' ' } else { byte });
        for (bytes, other) in common.iter_mut().zip(window) {
            for (byte, masks) in (0u8..=255).zip(bytes.iter_mut()) {
                let same = [
                    folded(byte) == folded(other),
                    byte & 15 == other & 15,
                    byte >> 4 == other >> 4,
                ];
                for (mask, same) in masks.iter_mut().zip(same) {
                    mask[place / 128] |= u128::from(same) << (place % 128);
                }
            }
        }
    }
    common
}

/// How often the bytes that a bucket accepts occur in source text.
struct Frequency {
    precision: Precision,
    /// By high nibble, half of the low nibbles and which of them: the sum.
    sums: Box<[[[f32; 256]; 2]; 16]>,
    /// By place in the window and byte: the common windows that have the byte there, its low and
    /// its high nibble.
    common: Box<[[[Mask; 3]; 256]; WINDOW]>,
}

impl Frequency {
    fn new() -> Self {
        let mut rows = [[0.000_1; 16]; 16];
        // In thousandths, as counted in sources of several languages, in their diffs, and in scripts
        // without blanks.
        for (bytes, share) in [
            (&b" "[..], 150.0),
            (b"e", 60.0),
            (b"t", 51.0),
            (b"nria", 35.0),
            (b"os", 31.0),
            (b"lu", 24.0),
            (b"cd:p,", 20.0),
            (b").(_\n+h=\"fmg", 14.0),
            (b"EbSA0TIR/vy;x", 8.5),
            (b"{}[]1DONCLPM-kw", 5.5),
            (b"2|<>&FUBG34678#`VHW!5?'*z9Yq", 2.8),
            (b"XKj\\QZJ$\t", 1.2),
        ] {
            for byte in bytes {
                rows[usize::from(byte >> 4)][usize::from(byte & 15)] = share / 1000.0;
            }
        }
        let mut sums = Box::new([[[0.0; 256]; 2]; 16]);
        for (row, sums) in rows.iter().zip(sums.iter_mut()) {
            for (half, sums) in sums.iter_mut().enumerate() {
                for (mask, sum) in sums.iter_mut().enumerate() {
                    *sum = (0..8)
                        .filter(|bit| mask >> bit & 1 == 1)
                        .map(|bit| row[half * 8 + bit])
                        .sum();
                }
            }
        }
        Self {
            precision: Precision::Bytes,
            sums,
            common: common(),
        }
    }

    /// How often a window passes whose bytes occur so often, with so many common ones.
    fn cost(&self, shares: &[f32; WINDOW], common: u32) -> f32 {
        shares.iter().product::<f32>() + SHARE * common as f32
    }

    fn of(&self, low: u16, high: u16, bytes: u64) -> f32 {
        let row = |high: usize, low: u16| {
            let [first, second] = low.to_le_bytes().map(usize::from);
            self.sums[high][0][first] + self.sums[high][1][second]
        };
        let mut sum = 0.0;
        match self.precision {
            Precision::Nibbles => {
                let mut rest = high;
                while rest != 0 {
                    sum += row(rest.trailing_zeros() as usize, low);
                    rest &= rest - 1;
                }
            }
            Precision::Bytes => {
                for (part, high) in [0, 1, 4, 5].into_iter().enumerate() {
                    let low = (bytes >> (16 * part)) as u16;
                    sum += row(high, low) + row(high + 2, low);
                }
            }
        }
        sum
    }
}
