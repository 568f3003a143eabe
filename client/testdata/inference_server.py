"""A server of inference.InferenceService in Python, for TestPythonServer: grpcio and the messages that grpc_tools makes of
the .proto file given as the first argument. It prints its port when it listens, and ends with its standard input.

A score is the length of the document in characters, less that of the query. A document "fail" ends the call with
UNAVAILABLE; "status" answers status_code 503 and no scores, as the Python project's own server does when a batch fails;
"tokens" answers 204 and no scores, as that server does when it only tokenizes.
"""

import concurrent.futures
import os
import sys
import tempfile

import grpc
from grpc_tools import protoc

folder, name = os.path.split(os.path.abspath(sys.argv[1]))
with tempfile.TemporaryDirectory() as out:
    if protoc.main(["protoc", "-I" + folder, "--python_out=" + out, "--grpc_python_out=" + out, name]) != 0:
        sys.exit("the messages could not be made")
    sys.path.insert(0, out)
    import inference_pb2
    import inference_pb2_grpc


class Service(inference_pb2_grpc.InferenceServiceServicer):
    def Infer(self, request, context):
        documents = [p.document for p in request.pairs]
        if "fail" in documents:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the model is not loaded")
        if "status" in documents:
            return inference_pb2.InferResponse(status_code=503)
        if "tokens" in documents:
            return inference_pb2.InferResponse(status_code=204)
        scores = [float(len(p.document) - len(p.query)) for p in request.pairs]
        return inference_pb2.InferResponse(scores=scores, num_pairs=len(scores), latency_ms=1.5, status_code=200)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=2))
inference_pb2_grpc.add_InferenceServiceServicer_to_server(Service(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(None)
