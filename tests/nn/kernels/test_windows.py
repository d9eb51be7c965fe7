"""Windows on an image: how many there are, and which do not fit."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errors import LayerError
from nn.kernels import Windows

pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))
paddings = st.tuples(st.integers(0, 3), st.integers(0, 3))


def starts(side: int, kernel: int, stride: int, padding: int) -> int:
    """Count the windows of one direction, one by one."""
    return len([start for start in range(-padding, side + padding, stride) if start + kernel <= side + padding])


@settings(deadline=None)
@example(kernel=(1, 4), stride=(1, 1), padding=(0, 1), height=1, width=1)  # one pixel too wide, one too high
@example(kernel=(4, 1), stride=(1, 1), padding=(1, 0), height=1, width=1)
@given(kernel=pairs, stride=pairs, padding=paddings, height=st.integers(1, 9), width=st.integers(1, 9))
def test_the_output_has_a_pixel_for_each_window_and_none_is_refused(
    kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int], height: int, width: int
) -> None:
    windows = Windows(kernel, stride, padding)
    down = starts(height, kernel[0], stride[0], padding[0])
    across = starts(width, kernel[1], stride[1], padding[1])
    if down and across:
        assert windows.output("test", height, width) == (down, across)
    else:
        with pytest.raises(LayerError, match=f"a window of {kernel[0]} x {kernel[1]} does not fit into an image of"):
            windows.output("test", height, width)


@pytest.mark.parametrize(("padding", "said"), [((0, 0), False), ((1, 0), True), ((0, 1), True)])
def test_a_padding_is_said_where_there_is_one(padding: tuple[int, int], said: bool) -> None:
    with pytest.raises(LayerError) as error:
        Windows((9, 9), (1, 1), padding).output("test", 3, 3)
    assert str(error.value).endswith(f"padded by {padding[0]} and {padding[1]}") == said


def test_one_number_stands_for_both_directions() -> None:
    assert Windows.of("test", 3, (2, 1), 0) == ((3, 3), (2, 1), (0, 0))


@pytest.mark.parametrize("wrong", [(0, 1, 0), (1, 0, 0), (1, 1, -1), ((1, 0), 1, 0), (1, (0, 1), 0), (1, 1, (0, -1))])
def test_no_window_is_empty_stands_still_or_cuts_the_image(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(LayerError, match="must be at least"):
        Windows.of("test", *wrong)
