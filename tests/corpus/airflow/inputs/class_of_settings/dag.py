import os
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from airflow import DAG
from airflow.operators.empty import EmptyOperator

class Stage(str, Enum):
    TEST = "test"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Settings:
    stage: Stage = field(default_factory=lambda: Stage(os.environ["STAGE"]))
    copies: int = field(default_factory=lambda: int(os.environ.get("COPIES", "1")))

    @property
    def schedule(self):
        if self.stage is Stage.PRODUCTION:
            return "@hourly"
        return None


SETTINGS = Settings()

with DAG("class_of_settings", start_date=datetime(2024, 1, 1), schedule=SETTINGS.schedule) as dag:
    for number in range(SETTINGS.copies):
        EmptyOperator(task_id=f"{SETTINGS.stage.value}_{number}")
