"""The part of lesson 4 that looks at the chosen networks: while they learn, and how good they can get."""

from __future__ import annotations

from collections.abc import Sequence

from page.lesson import Lesson

from sections.learning_pictures import Snapshot, draw_learning, draw_training_rates, frames
from sections.network_drawing import Plane, draw_network, largest_weight
from sections.plane import NARROW, accuracy, best_guess, build, fresh_moons, trained
from sections.ten_starts import Outcome
from sections.yes_or_no import right

STORIES = {
    "rings": """
        The same training, seen from the plane. A border made by ReLUs has straight pieces, since each unit
        folds the plane along one line; a few of them close a polygon around the inner ring. The pictures of
        the animation are close together at first, where much happens in a few steps, and ever further apart.
        """,
    "moons": """
        The moons take longer. The first border is nearly the line that a single unit would draw, and it stays
        for a while, for small changes hardly improve it. Then one fold after the other lets the border
        follow the moons. Where there are no points, to the left and right, it goes anywhere: nothing tells
        it.
        """,
}


def show_learning(lesson: Lesson, outcome: Outcome) -> None:
    """The chosen network while it learns, and its weights before and after."""
    name, points, chosen = outcome.points.name, outcome.points, outcome.chosen
    lesson.section(
        f"Watching it learn: {name}",
        STORIES[name],
    )
    plane, network = Plane.around(points.inputs), build(NARROW, chosen.seed)
    snapshots = []
    for step, parameters in chosen.kept.items():
        network.parameters[...] = parameters
        snapshots.append(Snapshot(step, plane.answers(network), outcome.held_out[step]))
    lesson.table(
        ["step", "cost", "training accuracy", "held-out accuracy"],
        [
            [
                each.step,
                f"{chosen.losses[each.step]:.4f}",
                f"{chosen.accuracies[each.step]:.3f}",
                f"{each.test_accuracy:.2f}",
            ]
            for each in snapshots[:-1:6]
        ],
    )
    lesson.animation(
        f"training-{name}",
        "What the network answers in each place: blue, orange, and white where it is undecided. The black "
        "line is its border. Right: cost and accuracy up to that step.",
        frames(points, plane, snapshots, chosen.losses, chosen.accuracies),
        size=(9, 4.4),
    )
    with lesson.picture(
        f"network-{name}",
        "The same network before and after. Each line is a weight: the thicker, the larger; orange is "
        "positive, blue negative. Most weights hardly move; those next to the output grow most.",
        size=(10, 4.2),
    ) as figure:
        before = build(NARROW, chosen.seed)
        scale = largest_weight(before, chosen.network)
        for axes, drawn, title in zip(
            figure.subplots(1, 2),
            (before, chosen.network),
            ("Before training", "After training"),
            strict=True,
        ):
            draw_network(axes, drawn, scale, title)


def show_curves(lesson: Lesson, outcomes: Sequence[Outcome]) -> None:
    """Cost and accuracy of both chosen networks against the step."""
    lesson.section(
        "Cost and accuracy against the step",
        """
        The cost is what gradient descent sees; the accuracy is what we want. They are not the same: the
        accuracy moves in jumps, point by point, and has no slope to follow. Nor does the cost always fall.
        Where a step is longer than the curvature allows, it shoots up, and comes down again if the next steps
        are kinder.
        """,
    )
    with lesson.picture(
        "curves",
        "Cost (left) and accuracy (right) of both networks. The rings are solved early; the moons wait on "
        "plateaus, with a fold of the border at the end of each.",
        size=(9.5, 3.8),
    ) as figure:
        draw_learning(
            figure,
            {
                each.points.name: (each.chosen.losses, each.chosen.accuracies, each.held_out)
                for each in outcomes
            },
        )


def show_rates(lesson: Lesson, outcome: Outcome, rate: float, steps: int) -> None:
    """The same start with a learning rate too small and one too large."""
    lesson.section(
        "The three learning rates again, on the network",
        """
        What the curve with one weight showed happens with all of them. A hundredth of the rate crawls. Ten
        times the rate throws the weights so far that the ReLUs' sums become negative for all points: the
        gradient is zero from then on, the answer ½ for everybody, and the cost log 2 = 0.693 for ever.
        """,
    )
    points, seed = outcome.points, outcome.chosen.seed
    losses = {
        each: trained(NARROW, seed, points.inputs, points.targets, rate=each, steps=steps).losses
        for each in (rate / 100, rate, rate * 10)
    }
    names = ("too small", "right", "too large")
    lesson.table(
        ["rate", "", "cost at the start", f"after {steps} steps"],
        [
            [f"{each:g}", name, f"{values[0]:.3f}", f"{values[-1]:.3f}"]
            for (each, values), name in zip(losses.items(), names, strict=True)
        ],
    )
    with lesson.picture(
        "training-rates", "The cost on the moons, from one start with three rates."
    ) as figure:
        draw_training_rates(figure, losses, names)


def show_ceiling(lesson: Lesson, outcome: Outcome) -> tuple[float, float]:
    """The network on many fresh moons, beside the best rule there is: both accuracies."""
    lesson.section(
        "How good can it get?",
        """
        A hundred points are few: one of them is a whole per cent. And the moons overlap, so some points
        lie where the other class is more likely, and nobody could know better. Since we know how the moons
        are made, half circles plus normal noise, we can work out for each place which class is more likely
        there, and count how often that best of all rules is right.
        """,
    )
    points, (inputs, targets) = outcome.points, fresh_moons()
    rows, network = [], outcome.chosen.network
    for name, places, truth in (
        ("training", points.inputs, points.targets),
        ("held out", points.test_inputs, points.test_targets),
        ("fresh", inputs, targets),
    ):
        rows.append((name, len(places), accuracy(network, places, truth), right(best_guess(places), truth)))
    lesson.table(
        ["points", "number", "network", "best rule"],
        [[name, count, f"{share:.4f}", f"{best:.4f}"] for name, count, share, best in rows],
    )
    _, _, fresh, ceiling = rows[-1]
    lesson.say(
        f"Of {len(inputs)} fresh points the network gets {100 * fresh:.1f} % right; {100 * ceiling:.1f} % is "
        "all there is to get.\nWhat the held-out points give beyond that is luck: they are easy ones."
    )
    return fresh, ceiling
