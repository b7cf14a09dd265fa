"""YOLOX-tiny on the optical layers alone, its boxes judged by InSAR: simulated valleys.

Run: python tools/train.py
configs/insar_decision/insar_decision_cspdarknettiny_opt_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .insar_decision_cspdarknettiny_optter_1xb8_30e_valley_t128 import *

modalities = ['optical']
