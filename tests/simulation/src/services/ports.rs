//! An instance implements every port.

use domain::Measurements;

use crate::lambda::Instance;

impl purging::ports::Ports for Instance {
    type Queue = Self;
    type Leases = Self;
    type Wakeups = Self;
    type Outbox = Self;
    type Variants = Self;
    type CloudFront = Self;
    type Ledger = Self;
    type Tenants = Self;
    type Allowances = Self;
    type Clock = Self;

    fn queue(&self) -> &Self {
        self
    }

    fn leases(&self) -> &Self {
        self
    }

    fn wakeups(&self) -> &Self {
        self
    }

    fn outbox(&self) -> &Self {
        self
    }

    fn variants(&self) -> &Self {
        self
    }

    fn cloudfront(&self) -> &Self {
        self
    }

    fn ledger(&self) -> &Self {
        self
    }

    fn tenants(&self) -> &Self {
        self
    }

    fn allowances(&self) -> &Self {
        self
    }

    fn clock(&self) -> &Self {
        self
    }

    fn record(&self, _: &Measurements) {}
}

impl delivery::ports::Ports for Instance {
    type Packs = Self;
    type Originals = Self;
    type Variants = Self;
    type RenderLocks = Self;
    type Clock = Self;

    fn packs(&self) -> &Self {
        self
    }

    fn originals(&self) -> &Self {
        self
    }

    fn variants(&self) -> &Self {
        self
    }

    fn render_locks(&self) -> &Self {
        self
    }

    fn clock(&self) -> &Self {
        self
    }

    fn record(&self, _: &Measurements) {}
}
