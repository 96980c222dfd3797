//! Funs: closures, and functions by name.

use std::sync::Arc;

use crate::collection::Terms;
use crate::{Atom, Pid, Term};

/// A closure, `fun (X) -> … end`: which code it runs, and what it holds.
///
/// It can be called only in a VM that has the same version of its module. Two closures are equal when
/// [`module`](Closure::module), [`index`](Closure::index), [`old_uniq`](Closure::old_uniq) and
/// [`free`](Fun::free) are, as in the VM.
#[derive(Clone)]
pub struct Fun(Arc<(Closure, Terms)>);

/// What a [`Fun`] is made of beside the variables it holds; field by field as in `NEW_FUN_EXT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// How many arguments it takes.
    pub arity: u8,
    /// MD5 of the code of its module.
    pub uniq: [u8; 16],
    /// Which of the module's closures it is.
    pub index: u32,
    /// The module it is in.
    pub module: Atom,
    /// The index as it was counted before OTP R15.
    pub old_index: i32,
    /// A hash of its source.
    pub old_uniq: i32,
    /// The process that made it.
    pub pid: Pid,
}

impl Fun {
    /// A closure that holds these values.
    pub fn new(closure: Closure, free: impl IntoIterator<Item = Term>) -> Self {
        Self(Arc::new((closure, free.into_iter().collect())))
    }

    /// What it is made of.
    pub fn closure(&self) -> &Closure {
        &self.0.0
    }

    /// The values it holds, those of its free variables.
    pub fn free(&self) -> &[Term] {
        &self.0.1
    }

    pub(crate) fn height(&self) -> usize {
        self.0.1.height()
    }

    pub(crate) fn parts_mut(&mut self) -> Option<&mut Terms> {
        Arc::get_mut(&mut self.0).map(|(_, free)| free)
    }
}

/// A function by its name, `fun lists:map/2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Export(Arc<(Atom, Atom, u8)>);

impl Export {
    /// The function of this name.
    pub fn new(module: Atom, function: Atom, arity: u8) -> Self {
        Self(Arc::new((module, function, arity)))
    }

    /// The module.
    pub fn module(&self) -> &Atom {
        &self.0.0
    }

    /// The function.
    pub fn function(&self) -> &Atom {
        &self.0.1
    }

    /// How many arguments it takes.
    pub fn arity(&self) -> u8 {
        self.0.2
    }
}
