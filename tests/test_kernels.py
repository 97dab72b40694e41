"""A reply that arrives while the client itself sends is noticed at once."""

import asyncio
import time
from types import SimpleNamespace

import zmq
import zmq.asyncio
from nbformat.v4 import new_code_cell, new_notebook

from mmteach.course.authoring.kernels import Client

STATUS = {"msg_type": "status", "content": {"execution_state": "busy"}}


async def seconds_waited(deal_with, limit):
    """How long a reply is waited for that came just before the same socket sent something."""
    with (
        zmq.Context() as there,
        zmq.asyncio.Context() as here,
        there.socket(zmq.ROUTER) as kernel,
        here.socket(zmq.DEALER) as shell,
    ):
        kernel.linger = shell.linger = 0
        shell.connect(f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}")
        await shell.send(b"run the cell")
        address, _ = kernel.recv_multipart()
        waiting = asyncio.ensure_future(shell.poll(1000 * limit))
        await asyncio.sleep(0.1)
        kernel.send_multipart([address, b"done"])
        time.sleep(0.1)  # it is there, and the loop has not yet heard of it
        zmq.Socket.shadow(shell.underlying).send(b"what a widget shows")  # as jupyter_client
        start = time.perf_counter()
        deal_with(shell)
        assert await waiting
        return time.perf_counter() - start


def dealt_with(shell):
    client = Client(new_notebook(cells=[new_code_cell("1")]), record_timing=False)
    client.kc = SimpleNamespace(shell_channel=SimpleNamespace(socket=shell))
    client.process_message(STATUS, client.nb.cells[0], 0)


def test_a_reply_is_not_missed_while_a_widget_is_shown():
    assert asyncio.run(seconds_waited(dealt_with, limit=5)) < 2
