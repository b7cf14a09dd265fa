"""Whether the operator keeps the law of validity, and the model learns four tiles by heart."""

from pathlib import Path

from landslide_parts import AgreementFusion

from fusionls.config import load_config
from fusionls.testing import check_fusion
from fusionls.testing.overfitting import overfitting

check_fusion(AgreementFusion)
(path,) = Path(__file__).parent.glob('agreement_*.py')
found = overfitting(load_config(path), every=5)
print(f'{found.score_name} {found.score:.3f} after {found.steps} steps')
assert found.passed
