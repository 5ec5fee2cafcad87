//! The slots of a worker: `light` tasks have their own, so that probes and assembles never wait behind an encode; all
//! other lanes share the encode slots, since they share the processors.

use reelmill_domain::lane::Lane;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Slots of the `light` lane.
const LIGHT: u16 = 1;

/// Lanes that share slots.
pub struct Pool {
    /// The lanes.
    pub lanes: Vec<Lane>,
    /// Their slots in all.
    pub slots: u16,
    /// Those that are free.
    pub free: Arc<Semaphore>,
}

impl Pool {
    fn new(lanes: Vec<Lane>, slots: u16) -> Self {
        Self {
            lanes,
            slots,
            free: Arc::new(Semaphore::new(slots.into())),
        }
    }
}

/// The pools that these lanes make; none without a lane.
pub fn pools(lanes: &[Lane], encode_slots: u16) -> Vec<Arc<Pool>> {
    let (light, encode): (Vec<Lane>, Vec<Lane>) = lanes
        .iter()
        .cloned()
        .partition(|lane| *lane == Lane::light());
    [Pool::new(light, LIGHT), Pool::new(encode, encode_slots)]
        .into_iter()
        .filter(|pool| !pool.lanes.is_empty())
        .map(Arc::new)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::pools;
    use reelmill_domain::lane::Lane;

    #[test]
    fn light_is_apart_and_all_others_share() {
        let gpu = Lane("encode-gpu".into());
        let made = pools(&[Lane::encode(), Lane::light(), gpu.clone()], 3);
        let shape: Vec<_> = made.iter().map(|p| (p.lanes.clone(), p.slots)).collect();
        assert_eq!(
            shape,
            [
                (vec![Lane::light()], 1),
                (vec![Lane::encode(), gpu.clone()], 3)
            ]
        );
        assert_eq!(pools(&[gpu], 2).len(), 1);
    }
}
