"""Schedules against PyTorch 2.13.0, where both have the same one.

The constants are the learning rates that this program met, step by step::

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10, eta_min=0.01)
    # ExponentialLR(optimizer, gamma=0.8), StepLR(optimizer, step_size=3, gamma=0.5),
    # OneCycleLR(optimizer, max_lr=0.1, total_steps=21, pct_start=0.3, div_factor=10, final_div_factor=100)
    for _ in range(steps):
        print(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
"""

import pytest

from digitnet.nn import Cosine, ExponentialDecay, OneCycle, StepDecay

# PyTorch counts OneCycle's steps from 0 to total_steps - 1 and ends the warm-up a step earlier,
# and its final divisor divides the first learning rate instead of the peak.
CASES = [
    (
        Cosine(0.1, total_steps=10, final=0.01),
        [
            0.1,
            0.09779754323328192,
            0.09140576474687263,
            0.08145033635316129,
            0.06890576474687264,
            0.05500000000000001,
            0.04109423525312737,
            0.028549663646838717,
            0.01859423525312737,
            0.012202456766718092,
            0.01,
        ],
    ),
    (
        ExponentialDecay(0.1, factor=0.8, every=1),
        [
            0.1,
            0.08000000000000002,
            0.06400000000000002,
            0.051200000000000016,
            0.04096000000000002,
            0.03276800000000001,
            0.026214400000000013,
            0.02097152000000001,
            0.016777216000000008,
            0.013421772800000007,
            0.010737418240000006,
        ],
    ),
    (
        StepDecay(0.1, factor=0.5, every=3),
        [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125, 0.0125],
    ),
    (
        OneCycle(0.1, total_steps=20, warmup=(0.3 * 21 - 1) / 20, start_divisor=10, end_divisor=10 * 100),
        [
            0.009999999999999995,
            0.01767674415474091,
            0.03808775880485928,
            0.06426903784334942,
            0.08728782656699492,
            0.09929037600764186,
            0.09944209976994517,
            0.09673948628283621,
            0.09191250083934743,
            0.0851807713113274,
            0.07685059143995433,
            0.06730098446834432,
            0.05696645758130643,
            0.046317231825358116,
            0.03583784704777994,
            0.026005115330134363,
            0.01726642603517927,
            0.010019389587695573,
            0.004593746197344889,
            0.0012363626767958272,
            0.0001,
        ],
    ),
]


@pytest.mark.parametrize(("schedule", "rates"), CASES, ids=lambda case: type(case).__name__)
def test_every_step_is_pytorchs(schedule, rates):
    assert [schedule(step) for step in range(len(rates))] == pytest.approx(rates, rel=1e-12)
