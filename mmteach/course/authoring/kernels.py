"""A client of a notebook's kernel that misses no reply; loaded only when a notebook is run.

A widget makes the client send to the kernel while it waits for the kernel's reply on the same
socket. ZeroMQ says only once that something has arrived, and to whoever uses the socket next; when
that is the sending, the waiting goes on until the cell's time is up, though the reply is there.
"""

from nbclient import NotebookClient


class Client(NotebookClient):
    """nbclient's, which looks whether the reply is there after each message it has dealt with."""

    def process_message(self, msg, cell, cell_index):
        """Deal with a message as nbclient does, then wake up who waits for the reply."""
        try:
            return super().process_message(msg, cell, cell_index)
        finally:
            # one that does not wait: it hands a reply that is there to the first who does
            self.kc.shell_channel.socket.poll(timeout=1)
