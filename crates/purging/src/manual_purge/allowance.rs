//! Takes tokens of a tenant's allowance, and gives them back.

use std::time::Duration;

use domain::{Measurements, TenantId};

use super::{ManualPurge, ManualPurgeError};
use crate::allowance::{ATTEMPTS_MAX, take_tokens};
use crate::ports::{Allowances, CallError, Clock, Packs, Ports, PurgeRuns};

/// The most times that a request finds the allowance empty before it is rejected. Between them it looks whether it can
/// join a purge that took the last token.
const REJECTIONS_MAX: usize = 3;

/// The token of one request, which is the right to begin one purge.
#[derive(Debug, Default)]
pub(super) struct Token {
    /// Whether the request may begin a purge.
    is_granted: bool,
    /// Whether the token was taken from the allowance.
    is_taken: bool,
    /// The number of times that the allowance was empty.
    rejections: usize,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Takes `token`, unless the request has it. `false`: the allowance is empty, and may have given its last token to a
    /// request for the same pack, whose purge can be joined soon.
    ///
    /// An allowance that does not respond stops no purge, because a purge may be an emergency.
    pub(super) async fn take(&self, tenant: &TenantId, token: &mut Token) -> Result<bool, ManualPurgeError> {
        if token.is_granted {
            return Ok(true);
        }
        match self.take_tokens(tenant, 1).await {
            Ok(is_taken) => *token = Token { is_granted: true, is_taken, ..*token },
            Err(_) if token.rejections < REJECTIONS_MAX => token.rejections += 1,
            Err(retry_after) => return Err(self.rejected(tenant, retry_after)),
        }
        Ok(token.is_granted)
    }

    /// The error of a request for which the allowance has too few tokens.
    pub(super) fn rejected(&self, tenant: &TenantId, retry_after: Duration) -> ManualPurgeError {
        self.ports().record(&Measurements::purge_rejected(tenant));
        ManualPurgeError::TooManyPurges { retry_after }
    }

    /// Takes tokens. `false`: the allowance does not respond. The error is the time until it has so many.
    pub(super) async fn take_tokens(&self, tenant: &TenantId, tokens: u32) -> Result<bool, Duration> {
        let now = || self.ports().clock().now();
        match take_tokens(self.ports().allowances(), self.limit, tenant, tokens, now).await {
            Ok(result) => result.map(|()| true),
            Err(error) => {
                tracing::warn!(%error, "The tenant's allowance does not respond. The purge begins without a token.");
                Ok(false)
            }
        }
    }

    /// Gives back the token of a request that began no purge. A token that cannot be given back returns with time.
    pub(super) async fn give_back(&self, tenant: &TenantId, token: &Token) {
        if !token.is_taken {
            return;
        }
        for _ in 0..ATTEMPTS_MAX {
            match self.try_to_give_back(tenant).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "A token of the tenant's allowance was not given back.");
                    return;
                }
            }
        }
    }

    async fn try_to_give_back(&self, tenant: &TenantId) -> Result<bool, CallError> {
        let allowances = self.ports().allowances();
        let Some(seen) = allowances.full_at(tenant).await? else { return Ok(true) };
        allowances.replace(tenant, Some(seen), self.limit.give_back(seen)).await
    }
}
