"""Score each day's patients with yhat, as Airflow tasks.

The output is published by a rename, so a task that is killed and tried again
finds either nothing or a whole table, and the same day always gives the same
bytes. yhat's exit codes steer the task: 99 (--empty=skip: no patients that day)
skips it, 74 and 75 (the disk, another run's lock) are tried again, and what
waiting does not mend, bad data or a bad model, fails at once.
"""

import json
import re
from datetime import datetime, timedelta

from airflow import DAG
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator


class Yhat(BashOperator):
    """A shell command whose failures are tried again only if they may pass."""

    def execute(self, context):
        try:
            return super().execute(context)
        except AirflowSkipException:
            raise
        except AirflowException as failed:
            if re.search(r"exit code (74|75)\b", str(failed)):
                raise
            raise AirflowFailException(str(failed)) from failed


with DAG(
    dag_id="score_patients",
    schedule="@daily",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
) as dag:
    # The summary is the last line on stdout, and so the task's XCom: rows read,
    # scored and rejected, the output and its digest.
    score = Yhat(
        task_id="score",
        bash_command=(
            "yhat score --config /etc/yhat/job.yaml --keep all --empty skip --summary "
            "--add day={{ ds }} "
            "--output /srv/yhat/scored/{{ ds }}.parquet "
            "--report /srv/yhat/reports/{{ ds }}.json "
            "/srv/patients/{{ ds }}.csv"
        ),
        skip_on_exit_code=99,
        append_env=True,
        output_processor=json.loads,
    )

    # The table on the disk is still the one that was written, and true.
    verify = Yhat(
        task_id="verify",
        bash_command=(
            "echo {{ ti.xcom_pull(task_ids='score')['output']['sha256'] }} /srv/yhat/scored/{{ ds }}.parquet"
            " | sha256sum --check --quiet && "
            "yhat verify --model /etc/yhat/heart.json /srv/yhat/scored/{{ ds }}.parquet"
        ),
        append_env=True,
    )

    score >> verify
