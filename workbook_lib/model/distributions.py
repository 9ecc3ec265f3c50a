"""What the package index calls the packages that code imports, for those of frequent use.

Most names are the same. What is installed here is not asked (https://docs.python.org/3/library/importlib.metadata.html): the same
workflow has to give the same bytes on every machine.
"""

from __future__ import annotations

# Import names whose distribution is called otherwise.
DISTRIBUTIONS: dict[str, str] = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "airflow": "apache-airflow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dbt": "dbt-core",
    "delta": "delta-spark",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "opentelemetry": "opentelemetry-api",
    "osgeo": "gdal",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pythonjsonlogger": "python-json-logger",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slack": "slackclient",
    "slugify": "python-slugify",
    "telegram": "python-telegram-bot",
    "win32com": "pywin32",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}

# Import names that are their distribution's own.
_SAME = """
aiohttp arrow black boto3 botocore certifi chardet click clickhouse_connect confluent_kafka croniter cryptography dask deltalake
django docker duckdb elasticsearch fastapi fastparquet flask fsspec gcsfs geopandas gspread httpx jinja2 joblib jsonschema keras
kubernetes lightgbm lxml markdown matplotlib mlflow networkx numpy openai openpyxl orjson packaging pandas paramiko pendulum pika
polars prefect psutil psycopg pyarrow pydantic pydruid pymongo pymssql pymysql pyodbc pyspark pytest pytz redis regex requests
rich s3fs scipy seaborn selenium sentry_sdk shapely simplejson six slack_sdk smart_open snowflake sodapy spacy sqlalchemy sqlglot
sqlmodel statsmodels structlog tabulate tenacity tensorflow toml torch tqdm trino typing_extensions tzlocal ujson urllib3 xgboost
xlrd xmltodict
"""
SAME = frozenset(_SAME.split())

# Roots that many distributions share, by how many further names of the import make the distribution's name.
# `google` alone is another package.
NAMESPACES: dict[str, dict[str, int]] = {
    "google": {"cloud": 2, "oauth2": 0, "auth": 1, "api_core": 1, "genai": 1, "generativeai": 1},
    "azure": {"storage": 2, "mgmt": 2, "keyvault": 2, "ai": 2, "data": 1, "identity": 1, "core": 1, "cosmos": 1, "servicebus": 1},
}
_ODD = {
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "azure.data": "azure-data-tables",
    "snowflake": "snowflake-connector-python",
}


def distribution(dotted: str) -> str | None:
    """The distribution of an imported module; None when it is not known here."""
    parts = dotted.split(".")
    odd = _ODD.get(".".join(parts[:2])) or _ODD.get(parts[0])
    if odd is not None:
        return odd
    if parts[0] in NAMESPACES:
        more = NAMESPACES[parts[0]].get(parts[1], 0) if len(parts) > 1 else 0
        return "-".join(parts[: more + 1]).replace("_", "-") if more and len(parts) > more else None
    return DISTRIBUTIONS.get(parts[0]) or (parts[0].replace("_", "-") if parts[0] in SAME else None)
