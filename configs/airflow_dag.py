"""Score each day's patients with yhat, as an Airflow task.

The output is published by a rename, so that a task that is killed and tried
again finds either nothing or a whole table, and the same day always gives the
same bytes. Exit code 99 (--empty=skip: no patients that day) skips the task.
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG(
    dag_id="score_patients",
    schedule="@daily",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
) as dag:
    score = BashOperator(
        task_id="score",
        bash_command=(
            "yhat score --config /etc/yhat/job.yaml --keep all --empty skip --log-format json "
            "--add day={{ ds }} "
            "--output /srv/yhat/scored/{{ ds }}.parquet "
            "--report /srv/yhat/reports/{{ ds }}.json "
            "/srv/patients/{{ ds }}.csv"
        ),
        skip_on_exit_code=99,
        append_env=True,
    )

    verify = BashOperator(
        task_id="verify",
        bash_command="yhat verify --model /etc/yhat/heart.json /srv/yhat/scored/{{ ds }}.parquet",
        append_env=True,
    )

    score >> verify
