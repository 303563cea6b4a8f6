"""MLflow's own server with a registry of two versions. Its address comes on a line once it answers; then each line that is given is
the path of a folder, which MLflow opens, and the answer is what it says of it. It ends with its input."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures"


def main() -> None:
    with tempfile.TemporaryDirectory() as place, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
        free.close()
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", origin.rsplit(":", 1)[1]]
        # Flask's application alone: the others import packages that no registry needs.
        command += ["--workers", "1", "--gunicorn-opts", "--timeout 120 --no-control-socket"]
        command += ["--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", f"{place}/artifacts"]
        here = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        here["PATH"] = f"{Path(sys.executable).parent}:{here['PATH']}"
        with open(f"{place}/server.log", "w+") as log:
            server = subprocess.Popen(command, cwd=place, stdout=log, stderr=log, env=here)
            try:
                wait(origin, server, log)
                register(origin, Path(place))
                print(origin, flush=True)
                answer()
            finally:
                server.terminate()
                server.wait()


def wait(origin: str, server: subprocess.Popen, log) -> None:
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"{origin}/health").read()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        if server.poll() is not None:
            break
    log.seek(0)
    sys.exit(f"MLflow's server does not start: {log.read()}")


def register(origin: str, place: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(origin)
    client = mlflow.MlflowClient()
    with zipfile.ZipFile(FIXTURES / "mlflow" / "onnx.zip") as archive:
        archive.extractall(place)
    folder = place / "onnx"
    for producer in [b"", b"\x12\x06second"]:
        # Other bytes of the file, the same model: a field of the producer's name more.
        model = (folder / "model.onnx").read_bytes()
        (folder / "model.onnx").write_bytes(model + producer)
        run = client.create_run("0").info
        client.log_artifacts(run.run_id, str(folder), "model")
        mlflow.register_model(f"runs:/{run.run_id}/model", "iris")
    client.set_registered_model_alias("iris", "champion", 1)


def answer() -> None:
    from mlflow.models import Model

    for line in sys.stdin:
        about = Model.load(line.strip())
        inputs = about.get_input_schema()
        told = {"flavors": sorted(about.flavors), "metadata": about.metadata, "inputs": inputs and inputs.input_names()}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
