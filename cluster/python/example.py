"""Predictions inside DataFusion's SQL, from Python: python example.py MODEL CSV"""

import sys

from datafusion import SessionContext, udf
from predictql_predict import Predict

model, csv = sys.argv[1:]
context = SessionContext()
context.register_udf(udf(Predict([("iris", model)])))
context.register_csv("flowers", csv)
rows = context.sql(
    """
    SELECT p['label'] AS label, COUNT(*) AS n
    FROM (SELECT predict('iris', sepal_length, sepal_width, petal_length, petal_width) AS p FROM flowers)
    GROUP BY 1 ORDER BY 1
    """
)
for row in rows.to_pylist():
    print(row["label"], row["n"])
