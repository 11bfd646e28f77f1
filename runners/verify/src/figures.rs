//! Numbers as people read them: durations, counts, shares and sizes.

/// A duration [ns] with three significant digits below two minutes, whole seconds above: `850ns`, `12.3ms`, `1.84s`,
/// `3m 20s`, `2h 5m`.
pub fn duration(nanos: f64) -> String {
    const SCALES: [(f64, &str); 4] = [(1e3, "ns"), (1e6, "us"), (1e9, "ms"), (120e9, "s")];
    const SECOND: f64 = 1e9;
    if nanos < 0.0 {
        return format!("-{}", duration(-nanos));
    }
    if nanos == 0.0 {
        return "0s".to_owned();
    }
    let mut unit_size = 1.0;
    for (limit, unit) in SCALES {
        if nanos < limit {
            return format!("{}{unit}", three_digits(nanos / unit_size));
        }
        unit_size = limit.min(SECOND);
    }
    let seconds = (nanos / SECOND).round() as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, minutes, 0) => format!("{minutes}m"),
        (0, 0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (0, hours, 0, _) => format!("{hours}h"),
        (0, hours, minutes, _) => format!("{hours}h {minutes}m"),
        (days, 0, ..) => format!("{days}d"),
        (days, hours, ..) => format!("{days}d {hours}h"),
    }
}

/// A duration given in seconds [s].
pub fn seconds(seconds: f64) -> String {
    duration(seconds * 1e9)
}

/// A whole number in groups of three digits: `41,210`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A whole number that an axis gives as a float; halves keep their digit.
pub fn count_of(number: f64) -> String {
    if number.fract() == 0.0 { count(number as u64) } else { format!("{number:.1}") }
}

/// A rate on an axis: whole numbers in groups, small ones with up to three digits.
pub fn rate(number: f64) -> String {
    if number >= 100.0 { count(number as u64) } else { three_digits(number) }
}

/// A share (0..1) in percent. A share that is not whole never reads `100%`, and one that is not zero never `0%`.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    let shown = (2..=9)
        .map(|decimals| format!("{percent:.decimals$}"))
        .find(|text| {
            let rounded: f64 = text.parse().unwrap_or(percent);
            (rounded < 100.0 || share >= 1.0) && (rounded > 0.0 || share <= 0.0)
        })
        .unwrap_or_else(|| format!("{percent:e}"));
    let trimmed = if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    format!("{trimmed}%")
}

/// A number of bytes: `1.5 KiB`, `12.3 MiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{} {}", three_digits(size), UNITS[unit])
}

/// Three significant digits without trailing zeros behind the point.
fn three_digits(number: f64) -> String {
    let decimals = if number >= 99.95 {
        0
    } else if number >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Counts with their names, without those that are zero.
pub fn nonzero(counts: &[(u64, &str)], between: &str) -> String {
    let told = counts.iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told.map(|(number, name)| format!("{} {name}", count(*number))).collect();
    told.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let of = |nanos: i64| duration(nanos as f64);
        assert_eq!(of(0), "0s");
        assert_eq!(of(850), "850ns");
        assert_eq!(of(12_345_678), "12.3ms");
        assert_eq!(of(500_000_000), "500ms");
        assert_eq!(of(1_840_000_000), "1.84s");
        assert_eq!(of(90_000_000_000), "90s");
        assert_eq!(of(200_000_000_000), "3m 20s");
        assert_eq!(of(7_500_000_000_000), "2h 5m");
        assert_eq!(of(-250_000_000), "-250ms");
    }

    #[test]
    fn a_share_never_rounds_into_a_false_claim() {
        assert_eq!(share(1.0), "100%");
        assert_eq!(share(0.0), "0%");
        assert_eq!(share(0.999_999_9), "99.99999%");
        assert_eq!(share(0.000_000_1), "0.00001%");
        assert_eq!(share(0.9998), "99.98%");
        assert_eq!(share(0.015), "1.5%");
    }

    #[test]
    fn counts_and_sizes_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(41_210), "41,210");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(12_897_485), "12.3 MiB");
    }
}
