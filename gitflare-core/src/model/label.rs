//! A label.

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    filter::{Filterable, Screen},
};

/// A label that pull requests and issues of a repository can be given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Label {
    /// The provider's own id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The colour: six hexadecimal digits without `#`.
    pub color: Option<String>,
    /// What it stands for.
    pub description: Option<String>,
}

impl Filterable for Label {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.prose(&mut self.name)?;
        screen.prose(&mut self.description)?;
        Ok(Some(self))
    }
}
