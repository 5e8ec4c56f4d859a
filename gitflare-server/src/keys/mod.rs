//! Where keys come from: the configuration, or files in the data folder that the first start makes
//! (KY-2, IN-4). Deriving keys from the master key is the core's business.

mod private;

pub(crate) use private::is_private;
