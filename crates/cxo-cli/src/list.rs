//! Lists of names as options take them: `a,b`, and in double quotes a name that holds a comma or has blanks at its edge.

use std::str::FromStr;

use cxo_core::Error;

use crate::failure::Failure;

/// One value of an option that is a list; the option may be given several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameList(Vec<String>);

impl NameList {
    /// The names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromStr for NameList {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = "names with commas between them; in double quotes a name with a comma or blanks at its edge, such as a,\"b, c\"";
        let refused = || Error::input("list of names", text, allowed);
        let mut names = Vec::new();
        let mut rest = text;
        loop {
            let (name, behind) = first(rest).filter(|(name, _)| !name.is_empty()).ok_or_else(refused)?;
            names.push(name);
            match behind {
                Some(behind) => rest = behind,
                None => return Ok(Self(names)),
            }
        }
    }
}

/// The first name of a list, and what follows its comma; `None` for quotes that do not close, or close before the end of a name.
fn first(text: &str) -> Option<(String, Option<&str>)> {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let (name, behind) = text.split_once(',').map_or((text, None), |(name, behind)| (name, Some(behind)));
        return Some((name.trim().to_owned(), behind));
    };
    let (mut name, mut rest) = (String::new(), quoted);
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        // Two quotes inside of quotes are one.
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None if behind.trim().is_empty() => return Some((name, None)),
            None => return behind.trim_start().strip_prefix(',').map(|behind| (name, Some(behind))),
        }
    }
}

/// All names of an option, in the order given.
pub(crate) fn all(lists: &[NameList]) -> Vec<&str> {
    lists.iter().flat_map(NameList::iter).collect()
}

/// All names of an option that takes each once.
pub(crate) fn each_once<'a>(option: &str, lists: &'a [NameList]) -> Result<Vec<&'a str>, Failure> {
    let names = all(lists);
    match names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name)) {
        None => Ok(names),
        Some((_, name)) => Err(twice(option, name)),
    }
}

/// An option that names something twice.
pub(crate) fn twice(option: &str, name: &str) -> Failure {
    Failure::option(option, &Error::input("name", format!("\"{name}\" twice"), "each name once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_and_blanks_stand_in_quotes() {
        let cases: [(&str, &[&str]); 8] = [
            ("a", &["a"]),
            (" a , b c", &["a", "b c"]),
            ("\"a, b\",c", &["a, b", "c"]),
            ("c, \" a \" ", &["c", " a "]),
            ("\"say \"\"hi\"\"\"", &["say \"hi\""]),
            ("5\" pipe,6\" pipe", &["5\" pipe", "6\" pipe"]),
            ("\" \"", &[" "]),
            ("\"a\nb\"", &["a\nb"]),
        ];
        for (text, names) in cases {
            assert_eq!(text.parse::<NameList>().unwrap().iter().collect::<Vec<_>>(), names, "{text}");
        }
        for text in ["", " ", "a,", ",a", "a,,b", "\"\"", "\"a", "\"a\"b", "\"a\" b,c", "a,\"b"] {
            assert!(text.parse::<NameList>().is_err(), "{text}");
        }
    }
}
