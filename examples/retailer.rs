//! Writes the sample data of an invented retailer: feedback, touchpoints, transactions and customers that belong together.
//!
//! `cargo run --release --example retailer -- examples/data` writes the four files; with `--check` in front of the
//! directory it compares what stands there byte for byte. The generator is seeded and uses integer arithmetic only, so
//! that every platform writes the same bytes.
//!
//! What an analysis should find: help by phone is worse than everything else; a new delivery partner on 10 November 2025
//! made deliveries worse; businesses are less and seniors more satisfied; students answer less often (and carry a larger
//! weight); after a bad experience customers buy less; some customers answer several times; the islands and the kiosk are
//! too small to be shown. And what a reader must survive: scores of 11, blank scores, an impossible date, a negative
//! weight, line breaks and quotes in comments, a repeated event, refunds and a customer called "NA".
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

const CUSTOMERS: u32 = 2_000;
/// 1 January 2025 to 30 June 2026, as days since 1970.
const FIRST_DAY: u32 = 20_089;
const LAST_DAY: u32 = 20_634;
/// 10 November 2025.
const NEW_PARTNER: u32 = 20_402;

/// `SplitMix64` (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((((z ^ (z >> 31)) >> 32) * u64::from(bound)) >> 32).unwrap_or(0)
    }

    fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    /// One of the choices, in proportion to their weights.
    fn pick<T: Copy>(&mut self, choices: &[(T, u32)]) -> T {
        let mut rest = self.below(choices.iter().map(|(_, weight)| weight).sum());
        for (choice, weight) in choices {
            if rest < *weight {
                return *choice;
            }
            rest -= weight;
        }
        choices[0].0
    }

    /// Roughly normal between -30 and 30, standard deviation 10.
    fn noise(&mut self) -> i32 {
        (0..3).map(|_| i32::try_from(self.below(21)).unwrap_or(0) - 10).sum()
    }
}

struct Customer {
    id: String,
    region: &'static str,
    segment: &'static str,
    acquired: u32,
    birth_decade: u32,
    /// Lasting tendency to judge mildly or harshly.
    mood: i32,
    /// Chance of a purchase on one day, in 1 of 10,000.
    rate: u32,
}

/// A touchpoint kind: name, stage, usual quality from 0 to 100, per cent of events that are followed by a survey.
type Kind = (&'static str, &'static str, i32, u32);
const AD: Kind = ("ad-click", "awareness", 62, 4);
const BROWSE: Kind = ("product-page", "consideration", 66, 22);
const CHECKOUT: Kind = ("checkout", "purchase", 70, 40);
const DELIVERY: Kind = ("delivery", "onboarding", 71, 50);
const HELP: Kind = ("help-request", "service", 62, 80);
const RETURN: Kind = ("return", "service", 60, 70);
const REWARD: Kind = ("reward", "loyalty", 78, 60);

struct Event {
    minute: u64,
    customer: usize,
    kind: Kind,
    channel: &'static str,
    device: &'static str,
    cents: Option<i64>,
    quality: i32,
}

struct Purchase {
    day: u32,
    customer: usize,
    cents: i64,
}

fn customer(number: u32, random: &mut Random) -> Customer {
    // One identifier that careless readers take for a missing value.
    let id = if number == 494 { "NA".to_owned() } else { format!("C{number:05}") };
    let region = if number % 400 == 7 {
        "islands"
    } else {
        random.pick(&[("north", 30), ("south", 25), ("east", 20), ("west", 25)])
    };
    let (segment, youngest) =
        random.pick(&[(("family", 5), 45), (("student", 7), 20), (("business", 4), 20), (("senior", 2), 15)]);
    let taste = match segment {
        "business" => -7,
        "senior" => 6,
        _ => 0,
    };
    Customer {
        id,
        region,
        segment,
        acquired: FIRST_DAY - 700 + random.below(1_150),
        birth_decade: 1930 + 10 * (youngest - random.below(3).min(youngest)),
        mood: taste + random.noise() / 2,
        rate: random.pick(&[(15, 30), (35, 30), (60, 25), (120, 15)]),
    }
}

fn device(channel: &str, random: &mut Random) -> &'static str {
    match channel {
        "web" => random.pick(&[("desktop", 55), ("phone", 35), ("tablet", 10)]),
        "app" => random.pick(&[("phone", 85), ("tablet", 15)]),
        "store" => "terminal",
        "kiosk" => "kiosk",
        "phone" => "phone",
        _ => random.pick(&[("desktop", 40), ("phone", 60)]),
    }
}

/// What follows one purchase: days later, touchpoint and channel.
fn steps(shop: &'static str, random: &mut Random) -> Vec<(u32, Kind, &'static str)> {
    let mut steps = Vec::new();
    let remote = shop == "web" || shop == "app";
    if random.percent(6) {
        steps.push((0, AD, random.pick(&[("web", 70), ("email", 30)])));
    }
    if remote && random.percent(40) {
        steps.push((0, BROWSE, shop));
    }
    steps.push((0, CHECKOUT, shop));
    if remote {
        steps.push((1 + random.below(4), DELIVERY, shop));
    }
    if random.percent(22) {
        steps.push((1 + random.below(9), HELP, random.pick(&[("phone", 45), ("chat", 30), ("email", 25)])));
    }
    if random.percent(7) {
        steps.push((4 + random.below(10), RETURN, if remote { "web" } else { "store" }));
    }
    if random.percent(12) {
        steps.push((1, REWARD, random.pick(&[("app", 70), ("email", 30)])));
    }
    steps
}

/// How good an event was, mostly between 0 and 100.
fn quality(kind: Kind, channel: &str, day: u32, random: &mut Random) -> i32 {
    let (name, _, usual, _) = kind;
    let harm = match (name, channel) {
        ("help-request", "phone") => 14,
        ("delivery", _) if day >= NEW_PARTNER => 17,
        (_, "store") => -5,
        _ => 0,
    };
    usual - harm + random.noise() + random.noise()
}

/// What a customer spends, in percent of what others do; found without a draw, so that all else stays as it is.
const PURSES: [i64; 12] = [45, 55, 65, 70, 80, 85, 95, 105, 120, 140, 170, 230];

/// Everything that one customer did until the last day.
fn live(index: usize, customer: &Customer, random: &mut Random) -> (Vec<Event>, Vec<Purchase>) {
    let (mut events, mut purchases) = (Vec::new(), Vec::new());
    let mut rate = customer.rate;
    for today in customer.acquired.max(FIRST_DAY)..=LAST_DAY {
        if random.below(10_000) >= rate {
            continue;
        }
        let paid = i64::from(900 + random.below(4_000) + random.below(60) * random.below(160));
        let paid = paid * PURSES[(index * 7 + index / 12) % PURSES.len()] / 100;
        let shop = random.pick(&[("web", 500), ("app", 300), ("store", 190), ("kiosk", 10)]);
        let mut worst = 100;
        for (days, kind, channel) in steps(shop, random) {
            let day = today + days;
            let cents = match kind.0 {
                "checkout" => Some(paid),
                "return" => Some(-paid),
                _ => None,
            };
            let quality = customer.mood + quality(kind, channel, day, random);
            let device = device(channel, random);
            let minute = u64::from(day) * 1_440 + 420 + u64::from(random.below(840));
            if day <= LAST_DAY {
                worst = worst.min(quality);
                events.push(Event { minute, customer: index, kind, channel, device, cents, quality });
                purchases.extend(cents.map(|cents| Purchase { day, customer: index, cents }));
            }
        }
        // A bad experience: fewer purchases from now on, and sometimes none.
        if worst < 45 {
            rate = if random.percent(15) { 0 } else { rate * 3 / 4 };
        }
    }
    (events, purchases)
}

/// Year, month and day of a day number (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(day: u32) -> String {
    let z = day + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    format!("{:04}-{month:02}-{:02}", yoe + era * 400 + u32::from(month <= 2), doy - (153 * mp + 2) / 5 + 1)
}

fn instant(minute: u64) -> String {
    let of_day = minute % 1_440;
    format!("{}T{:02}:{:02}:00Z", civil(u32::try_from(minute / 1_440).unwrap_or(0)), of_day / 60, of_day % 60)
}

fn money(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

const PRAISE: [&str; 6] = [
    "Quick and friendly, thank you!",
    "Everything as promised",
    "Best shop in town, and I know \"all\" of them",
    "Sehr schöner Laden, gerne wieder",
    "Easy to find, easy to pay, easy to return",
    "NA",
];
const COMPLAINT: [&str; 6] = [
    "Waited 40 minutes, then the line went dead",
    "Parcel came late\nand the box was open",
    "They said \"tomorrow\" three times",
    "Had to explain it all again, twice",
    "Nobody answers",
    "Wrong size, wrong colour,\nright address at least",
];

/// The answer on the scale of the metric for a quality of 0 to 100.
fn answer(metric: &str, quality: i32) -> i32 {
    let above = |bounds: &[i32]| bounds.iter().filter(|bound| quality >= **bound).count();
    let step = match metric {
        "nps" => above(&[15, 22, 28, 34, 40, 46, 52, 59, 67, 76]),
        "csat" => 1 + above(&[25, 40, 54, 70]),
        _ => 1 + above(&[20, 32, 43, 52, 61, 74]),
    };
    i32::try_from(step).unwrap_or(0)
}

/// One line of feedback.csv: the invitation after an event and what became of it.
fn feedback(event: &Event, customer: &Customer, random: &mut Random, completed: &mut u32) -> String {
    let (metric, scale) = random.pick(&[(("nps", "0-10"), 50), (("csat", "1-5"), 28), (("ces", "1-7"), 22)]);
    let eager =
        if customer.segment == "student" { 24 } else { 36 } + if (50..76).contains(&event.quality) { 0 } else { 10 };
    let status = random.pick(&[("completed", eager), ("invited", 34), ("seen", 14), ("dismissed", 7), ("started", 5)]);
    let mut time = instant(event.minute + 1 + u64::from(random.below(180)));
    let mut weight = match customer.segment {
        "student" => "1.40",
        "senior" => "0.80",
        _ => "1.00",
    };
    let (mut score, mut comment) = (String::new(), String::new());
    if status == "completed" {
        score = answer(metric, event.quality).to_string();
        let words = if event.quality < 48 { COMPLAINT } else { PRAISE };
        if (event.quality < 48 || event.quality > 74) && random.percent(35) {
            comment = quoted(words[random.below(6) as usize]);
        }
        *completed += 1;
    }
    match (status, *completed) {
        ("completed", number) if number % 371 == 90 => "11".clone_into(&mut score),
        ("completed", number) if number % 211 == 0 => score.clear(),
        ("completed", 498) => "2025-02-30T11:20:00Z".clone_into(&mut time),
        ("completed", 902) => weight = "-1.00",
        _ => {}
    }
    let (touchpoint, stage, ..) = event.kind;
    let (channel, device, id) = (event.channel, event.device, &customer.id);
    format!(
        "{id},{time},{channel},{stage},{touchpoint},{device},{metric},{score},{scale},{status},{comment},{weight}\n"
    )
}

/// The four files with their contents.
fn files() -> Result<[(&'static str, String); 4], Box<dyn Error>> {
    let mut random = Random(20_250_101);
    let customers: Vec<_> = (1..=CUSTOMERS).map(|number| customer(number, &mut random)).collect();
    let (mut events, mut purchases) = (Vec::new(), Vec::new());
    for (index, customer) in customers.iter().enumerate() {
        let (did, bought) = live(index, customer, &mut random);
        events.extend(did);
        purchases.extend(bought);
    }
    events.sort_by_key(|event| (event.minute, event.customer));
    purchases.sort_by_key(|purchase| (purchase.day, purchase.customer));

    let mut people = "customer,region,segment,acquired,birth_decade\n".to_owned();
    for Customer { id, region, segment, acquired, birth_decade, .. } in &customers {
        writeln!(people, "{id},{region},{segment},{},{birth_decade}", civil(*acquired))?;
    }
    let mut touchpoints = "customer,time,touchpoint,channel,stage,device,event_id,value\n".to_owned();
    let mut surveys = Vec::new();
    let mut completed = 0;
    for (number, event) in events.iter().enumerate() {
        let Event { channel, device, kind: (touchpoint, stage, ..), .. } = event;
        let customer = &customers[event.customer];
        let value = event.cents.map(money).unwrap_or_default();
        let (id, time) = (&customer.id, instant(event.minute));
        let row = format!("{id},{time},{touchpoint},{channel},{stage},{device},E{number:05},{value}\n");
        touchpoints += &row;
        if number == 3_000 {
            touchpoints += &row;
        }
        if random.percent(event.kind.3) {
            surveys.push(feedback(event, customer, &mut random, &mut completed));
        }
    }
    let header = "customer,time,channel,stage,touchpoint,device,metric,score,scale,status,comment,weight\n";
    let mut transactions = "customer,date,amount,currency\n".to_owned();
    for Purchase { day, customer, cents } in purchases {
        writeln!(transactions, "{},{},{},EUR", customers[customer].id, civil(day), money(cents))?;
    }
    Ok([
        ("feedback.csv", header.to_owned() + &surveys.concat()),
        ("touchpoints.csv", touchpoints),
        ("transactions.csv", transactions),
        ("customers.csv", people),
    ])
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (check, directory) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--check", directory] => (true, Path::new(directory)),
        [directory] => (false, Path::new(directory)),
        _ => return Err("usage: retailer [--check] DIRECTORY".into()),
    };
    for (name, text) in files()? {
        let path = directory.join(name);
        if !check {
            std::fs::write(path, text)?;
        } else if std::fs::read(&path)? != text.as_bytes() {
            return Err(format!("{} is not what the generator writes", path.display()).into());
        }
    }
    Ok(())
}
