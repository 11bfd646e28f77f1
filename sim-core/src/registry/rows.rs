//! Lists of rows of one type, each row with the plugin it came from.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt::Debug;

use super::{Flaw, Registry};

/// Something a scenario can name, or that takes part in a run under a name.
pub trait Row: Any + Debug + Send + Sync {
    /// What such a row is, in messages: `device kind`.
    const NOUN: &'static str;

    /// Its name, unique among the rows of its type.
    fn name(&self) -> &str;

    /// What is wrong with it, given everything that is registered.
    fn flaws(&self, registry: &Registry) -> Vec<String> {
        let _ = registry;
        Vec::new()
    }

    /// Adds the rows under which others know it, before it is added itself.
    fn announce(&self, registry: &mut Registry) {
        let _ = registry;
    }
}

/// All rows of one type, in the order of their registration.
#[derive(Debug)]
struct List<R> {
    rows: Vec<R>,
    /// The plugin of each row, by number.
    plugins: Vec<usize>,
}

/// A list whose type is not known.
trait AnyList: Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn flaws(&self, registry: &Registry, flaws: &mut Vec<Flaw>);
}

impl<R: Row> AnyList for List<R> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn flaws(&self, registry: &Registry, flaws: &mut Vec<Flaw>) {
        let mut first_of = BTreeMap::new();
        for (row, &plugin) in self.rows.iter().zip(&self.plugins) {
            let mut flaw = |reason| {
                flaws.push(Flaw {
                    plugin: registry.plugin_name(plugin).to_owned(),
                    noun: R::NOUN,
                    row: row.name().to_owned(),
                    reason,
                });
            };
            row.flaws(registry).into_iter().for_each(&mut flaw);
            if let Some(first) = first_of.insert(row.name(), plugin) {
                flaw(format!("there is one of that name already, of plugin `{}`", registry.plugin_name(first)));
            }
        }
    }
}

/// The lists of all types of rows.
#[derive(Debug, Default)]
pub(super) struct Lists(BTreeMap<TypeId, Box<dyn AnyList>>);

impl Lists {
    pub(super) fn all<R: Row>(&self) -> &[R] {
        let list = self.0.get(&TypeId::of::<R>()).and_then(|list| list.as_any().downcast_ref::<List<R>>());
        list.map_or(&[], |list| &list.rows)
    }

    pub(super) fn all_mut<R: Row>(&mut self) -> &mut [R] {
        &mut self.list().rows
    }

    pub(super) fn add<R: Row>(&mut self, row: R, plugin: usize) {
        let list = self.list();
        list.rows.push(row);
        list.plugins.push(plugin);
    }

    pub(super) fn flaws(&self, registry: &Registry) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        self.0.values().for_each(|list| list.flaws(registry, &mut flaws));
        flaws
    }

    fn list<R: Row>(&mut self) -> &mut List<R> {
        let list = self
            .0
            .entry(TypeId::of::<R>())
            .or_insert_with(|| Box::new(List::<R> { rows: Vec::new(), plugins: Vec::new() }));
        list.as_any_mut().downcast_mut().expect("a list is kept under the type of its rows")
    }
}
