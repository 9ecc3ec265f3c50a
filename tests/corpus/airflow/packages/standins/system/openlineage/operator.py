"""The operator by which system tests check their lineage events; importing a DAG file needs only its arguments."""

try:
    from airflow.sdk import BaseOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator


class OpenLineageTestOperator(BaseOperator):
    def __init__(self, event_templates=None, file_path=None, env=None, allow_duplicate_events=True, clear_variables=True, **kwargs):
        super().__init__(**kwargs)
        self.event_templates = event_templates
        self.file_path = file_path

    def execute(self, context):
        return None
