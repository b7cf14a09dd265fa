"""THE VALLEY: a simulated scene over real terrain, written as raw products; always labelled so.

Imports neither torch nor mm*.
"""

from fusionls.simulation.products import simulate_valley, write_valley
from fusionls.simulation.valley import Valley, make_valley

__all__ = ['Valley', 'make_valley', 'simulate_valley', 'write_valley']
