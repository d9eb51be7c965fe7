"""All experiments by name."""

from experiments import cs559, csc411, lab1, numpy_cnn, tensor_framework
from experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT for module in (csc411, cs559, numpy_cnn, tensor_framework, lab1)
}
