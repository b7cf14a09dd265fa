"""What is in the files of a scene, and what is wrong with them, before anything is built."""

from fusionls.stack.inspection.bare_files import inspect_files
from fusionls.stack.inspection.described import inspect_scene
from fusionls.stack.inspection.findings import Finding, Inspection, Severity

__all__ = ['Finding', 'Inspection', 'Severity', 'inspect_files', 'inspect_scene']
