"""Several processes that train one network together, and one that trains alone.

ranks              what the loop asks of them
torchrun_env       what torchrun tells a process of the others
process_group      how they talk: torch.distributed, imported only where torchrun has started several
shared_gradients   the one place where their gradients become one
"""

from nn.parallel.ranks import ALONE, Ranks

__all__ = ["ALONE", "Ranks"]
