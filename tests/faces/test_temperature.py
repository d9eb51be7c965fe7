"""The temperature that makes probabilities mean what they say."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from faces.temperature import HIGHEST, LOWEST, best_temperature, tempered
from report.reliability import calibration_error, reliability


def drawn(n: int, seed: int) -> tuple[torch.Tensor, NDArray[np.int64]]:
    """Probabilities of five classes, and a class drawn with each: they mean what they say."""
    generator = np.random.default_rng(seed)
    probabilities = torch.from_numpy(generator.normal(0, 2, (n, 5))).softmax(1).float()
    target = np.array([generator.choice(5, p=row / row.sum()) for row in probabilities.double().numpy()])
    return probabilities, target


@pytest.mark.parametrize("wrong", [0.4, 1.0, 2.5])
def test_it_finds_back_the_temperature_that_probabilities_were_changed_by(wrong: float) -> None:
    probabilities, target = drawn(4000, 1)
    assert best_temperature(tempered(probabilities, wrong).numpy(), target) == pytest.approx(1 / wrong, rel=0.1)


@pytest.mark.parametrize("wrong", [0.4, 2.5])
def test_afterwards_probabilities_are_nearer_to_the_truth_on_other_photos(wrong: float) -> None:
    (seen, target), (other, truth) = drawn(1000, 2), drawn(1000, 3)
    changed = tempered(other, wrong)

    def error(probabilities: torch.Tensor) -> float:
        right = probabilities.argmax(1).numpy() == truth
        return calibration_error(reliability(probabilities.amax(1).numpy(), right)) or 0.0

    after = tempered(changed, best_temperature(tempered(seen, wrong).numpy(), target))
    assert error(after) < 0.5 * error(changed)
    assert error(after) < 0.05


@pytest.mark.parametrize("n", [10, 100])
def test_photos_without_an_error_do_not_make_it_infinitely_sure(n: int) -> None:
    probabilities = np.full((n, 4), 0.1, np.float32)
    probabilities[:, 0] = 0.7
    temperature = best_temperature(probabilities, np.zeros(n, np.int64))
    sure = float(tempered(torch.from_numpy(probabilities), temperature)[0, 0])
    assert sure == pytest.approx(1 - 1 / (n + 2), abs=1e-3)


def test_answers_that_are_always_wrong_are_made_as_unsure_as_can_be() -> None:
    probabilities = np.array([[0.9, 0.1]] * 5, np.float32)
    assert best_temperature(probabilities, np.ones(5, np.int64)) == pytest.approx(HIGHEST, rel=1e-6)


@pytest.mark.parametrize("temperature", [LOWEST, 0.5, 1.0, HIGHEST])
def test_the_order_stays_and_probabilities_add_up_to_one(temperature: float) -> None:
    probabilities = torch.tensor([[0.5, 0.3, 0.2, 0.0], [0.1, 0.0, 0.0, 0.9]])
    found = tempered(probabilities, temperature)
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    assert found.argmax(1).tolist() == [0, 3]
    assert found.isfinite().all()
