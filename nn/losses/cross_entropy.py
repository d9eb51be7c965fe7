"""Cross-entropy on logits: softmax and logarithm in one, which is faster, and exact where the softmax is near 0."""

from torch import Tensor

from nn.checks import fraction, same_shape
from nn.losses.base import Loss, Reduction, one_hot


class CrossEntropy(Loss):
    """A sample's loss is -sum_c q_c log p_c, with p = softmax(y) and q the target: 1 at its class t, 0 elsewhere.

    Since d(log p_c)/dy_k = delta_ck - p_k, the gradient is dy = p sum_c q_c - q, which is p - q when q sums to 1.

    With `label_smoothing` e, q = (1 - e) onehot(t) + e / C for C classes. `class_weights` (C,) multiply q, and the
    mean is the sum divided by the sum of the targets' weights. Both are defined as in torch.
    """

    def __init__(
        self, *, class_weights: Tensor | None = None, label_smoothing: float = 0.0, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.class_weights = class_weights
        self.label_smoothing = label_smoothing
        fraction(self, "label_smoothing", label_smoothing)

    @property
    def title(self) -> str:
        """The name in words."""
        changed = {"class-weighted": self.class_weights is not None, "label-smoothed": self.label_smoothing > 0}
        return " ".join([*(word for word, is_so in changed.items() if is_so), "cross-entropy"])

    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int, tuple[Tensor, Tensor]]:
        q = one_hot(self, target, y)
        if self.label_smoothing:
            q.mul_(1 - self.label_smoothing).add_(self.label_smoothing / q.shape[1])
        count: Tensor | int = len(y)
        if self.class_weights is not None:
            self.class_weights = self.class_weights.to(y.device)  # once: a copy from the CPU makes a GPU wait
            w = self.class_weights.to(y.dtype)
            same_shape(self, "class_weights", w.shape, y.shape[1:])
            q.mul_(w)
            count = w[target.long()].sum()
        log_p = y.log_softmax(1)
        return -(q * log_p).sum(), count, (log_p, q)

    def _backward(self, kept: tuple[Tensor, Tensor]) -> Tensor:
        log_p, q = kept
        p = log_p.exp_()
        if self.class_weights is not None:  # without them q sums to 1
            p.mul_(q.sum(1, keepdim=True))
        return p.sub_(q)
