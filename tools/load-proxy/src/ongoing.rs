//! The writes that are being carried out, and the transactions among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::call::{Call, Kind, Named};

/// The items of the calls that are being carried out.
#[derive(Debug, Default)]
pub(crate) struct Ongoing {
    /// The names of the key's attributes of each table, from its declaration or from the first call with a key.
    keys: HashMap<String, BTreeSet<String>>,
    items: HashMap<Item, Writers>,
}

/// An item: its table and its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    table: String,
    key: String,
}

#[derive(Debug, Default)]
struct Writers {
    transactions: u32,
    plain: u32,
}

impl Ongoing {
    /// Begins a call, and returns its items, with which it must be ended. The error holds the items, by their index in
    /// the call, that conflict with calls that are being carried out.
    pub(crate) fn begin(&mut self, call: &Call) -> Result<Vec<Item>, BTreeSet<usize>> {
        self.learn(call);
        let is_transaction = call.kind() == Kind::Transaction;
        let items: Vec<_> = call.items().into_iter().map(|named| self.item(&named)).collect();
        let conflicts: BTreeSet<_> = items
            .iter()
            .enumerate()
            .filter(|(_, item)| {
                let writers = self.items.get(item);
                writers.is_some_and(|writers| writers.transactions > 0 || (is_transaction && writers.plain > 0))
            })
            .map(|(index, _)| index)
            .collect();
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        for item in &items {
            let writers = self.items.entry(item.clone()).or_default();
            *(if is_transaction { &mut writers.transactions } else { &mut writers.plain }) += 1;
        }
        Ok(items)
    }

    /// Ends a call with the `items` that [`Self::begin`] returned.
    pub(crate) fn end(&mut self, items: &[Item], is_transaction: bool) {
        for item in items {
            let Some(writers) = self.items.get_mut(item) else { continue };
            *(if is_transaction { &mut writers.transactions } else { &mut writers.plain }) -= 1;
            if writers.transactions + writers.plain == 0 {
                self.items.remove(item);
            }
        }
    }

    fn learn(&mut self, call: &Call) {
        if let Some((table, names)) = call.declared_key() {
            self.keys.insert(table.to_owned(), names);
        }
        for Named { table, attributes, .. } in call.items().into_iter().filter(|named| named.is_key) {
            self.keys.entry(table.to_owned()).or_insert_with(|| attributes.keys().cloned().collect());
        }
    }

    /// The item that is `named`. Until the key of its table is known, the whole item counts as its key.
    fn item(&self, Named { table, attributes, .. }: &Named<'_>) -> Item {
        let names = self.keys.get(*table);
        let key = attributes.iter().filter(|(name, _)| names.is_none_or(|names| names.contains(*name)));
        let key: BTreeMap<&String, &Value> = key.collect();
        Item { table: (*table).to_owned(), key: serde_json::json!(key).to_string() }
    }
}
