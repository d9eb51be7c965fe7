"""Several processes that train one network together.

ranks              what the training loop needs of the others; `ALONE` is one process
torchrun_env       torchrun's environment variables, and joining its processes
process_group      torch.distributed; imported only when torchrun has started several processes
generators         one order of the samples for all, each rank's own augmentation and dropout
shared_gradients   the sum of the ranks' gradients
"""

from nn.parallel.generators import AUGMENTATION, RankGenerators
from nn.parallel.ranks import ALONE, Ranks
from nn.parallel.shared_gradients import SharedGradients, average, broadcast
from nn.parallel.torchrun_env import TorchrunEnv, join_ranks

__all__ = [
    "ALONE",
    "AUGMENTATION",
    "RankGenerators",
    "Ranks",
    "SharedGradients",
    "TorchrunEnv",
    "average",
    "broadcast",
    "join_ranks",
]
