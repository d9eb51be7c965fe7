"""What a person is: the traits that stay the same in every photo of her. Values only, chosen in `casting`.

Lengths are in head units (see `geometry`), colours in 0..255, the rest in 0..1 unless it says otherwise.
"""

from dataclasses import dataclass

from data.portraits.layer import Colour


@dataclass(frozen=True, kw_only=True)
class Traits:
    """One person's appearance."""

    grain: int
    """Seeds what is the person's own and random: strands of hair, freckles."""

    skin: Colour
    age: float
    blush: float
    freckles: float
    mole: float
    """0 for none, else the side it is on and how far out: -1..1."""

    cheek: float
    """Half the face's width at the eyes."""
    jaw: float
    """Half its width at the mouth."""
    chin: float
    """Half the chin's width."""
    length: float
    """From the eyes down to the chin."""
    cheekbones: float
    ear_size: float
    """1 for an average ear."""
    neck: float
    """Half the neck's width."""
    shoulders: float
    """1 for average shoulders."""

    hair_style: str
    """A name in `styles.STYLES`."""
    hair: Colour
    beard: str
    """A name in `styles.BEARDS`, or none."""
    brow_width: float
    brow_arch: float
    """How much higher than its ends a brow's middle is."""
    brow_slant: float
    """The inner end lifted by so much; stern when negative."""
    brow_height: float
    """From the eyes up."""

    eye_size: float
    """Half an eye's width."""
    eye_gap: float
    """From the middle of the face to an eye's."""
    eye_slant: float
    """The outer corner lifted by so much."""
    eye_open: float
    """1 for an average opening."""
    eye_fold: float
    """How high the lid's crease lies."""
    iris: Colour
    lashes: float
    lid_paint: Colour

    nose_length: float
    """From the eyes down to its base."""
    nose_width: float
    """Half its width at the wings."""
    nose_bridge: float
    """1 for an average height of the bridge."""

    upper_lip: float
    """From the nose's base down to where the lips meet."""
    mouth_width: float
    """Half its width."""
    lip_upper: float
    """How full the upper lip is."""
    lip_lower: float
    lip_paint: float
    lip_colour: Colour

    glasses: str
    """A name in `glasses.RIMS`, or none."""
    glasses_colour: Colour
    cloth: Colour
    """A favourite colour: of a headscarf, of earrings."""
    earrings: bool

    @property
    def mouth_height(self) -> float:
        """From the eyes down to where the lips meet; a chin is always left below."""
        return min(self.nose_length + self.upper_lip, self.length - 0.32)
