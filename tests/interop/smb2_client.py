"""An SMB 3 client that asks smbd for what Windows asks for when SQL Server backs up to a share.

On top of impacket's session: requests are sent without waiting, answers are collected by message
id, and what has become asynchronous (STATUS_PENDING) is known. Signing and encryption are off:
they would be done in Python. One thread.

    client = Client(address, port, user, password, "share")
    file = client.open("a.bak", OPEN)            # Refused(STATUS_OBJECT_NAME_NOT_FOUND)
    file = client.open("a.bak", CREATE)
    file.set_end(3 << 20)
    file.write_many(data, depth=8)
    file.flush()
    assert file.close() == len(data)

Numbers are those of MS-SMB2, MS-FSCC and MS-ERREF.
"""

import collections
import contextlib
import io
import socket
import struct

from impacket import smb3
from impacket import smb3structs as smb2

MIB = 1 << 20
TIMEOUT_S = 120

# Status
SUCCESS, PENDING, END_OF_FILE = 0, 0x103, 0xC0000011
NOT_FOUND, SHARING_VIOLATION, COLLISION = 0xC0000034, 0xC0000043, 0xC0000035
IO_DEVICE_ERROR, DISK_FULL, ACCESS_DENIED = 0xC0000185, 0xC000007F, 0xC0000022

# Disposition
OPEN, CREATE, OPEN_IF, OVERWRITE_IF = 1, 2, 3, 5

# As Process Monitor shows them for BACKUP and RESTORE: generic read and write, "No Buffering,
# Non-Directory File, Open No Recall", nobody else.
GENERIC_READ_WRITE, DELETE = 0xC0000000, 0x00010000
NO_BUFFERING, NON_DIRECTORY, DELETE_ON_CLOSE, NO_RECALL = 0x8, 0x40, 0x1000, 0x400000
SEQUENTIAL = 0x4
BACKUP_OPTIONS = NO_BUFFERING | NON_DIRECTORY | NO_RECALL
SHARE_NONE, SHARE_ALL = 0, 7

# FileInformationClass
RENAME_INFO, DISPOSITION_INFO, ALLOCATION_INFO, END_OF_FILE_INFO = 10, 13, 19, 20
STANDARD_INFO, NETWORK_OPEN_INFO = 5, 34
FS_INFO, FS_SECTOR_SIZE = 2, 11
POSTQUERY_ATTRIBUTES = 1

CREDIT = 65536  # bytes that one credit pays for


class Refused(Exception):
    def __init__(self, what, status):
        super().__init__(f"{what}: status {status:#x}")
        self.status = status


class Client(smb3.SMB3):
    """One session to one share, on a connection of its own."""

    def __init__(self, address, port, user, password, share):
        self.credits = 1
        self.answers = {}
        self.order = []        # message ids, as their answers came
        self.went_async = set()
        # impacket prints while it connects.
        with contextlib.redirect_stdout(io.StringIO()):
            super().__init__(address, address, sess_port=port, timeout=TIMEOUT_S,
                             preferredDialect=smb2.SMB2_DIALECT_302)
            self.login(user, password)
            self.tree = self.connectTree(share)

    # -- the wire; these two take the place of impacket's

    def sendSMB(self, packet):  # pylint: disable=invalid-name
        charge = packet.fields.get("CreditCharge", 1) or 1
        while self.credits < charge:
            self.receive()
        self.credits -= charge
        message = super().sendSMB(packet)
        self._Connection["SequenceWindow"] += charge - 1
        return message

    def recvSMB(self, packetID=None):  # pylint: disable=invalid-name
        while packetID not in self.answers:
            self.receive()
        return self.answers.pop(packetID)

    def receive(self):
        data = self._NetBIOSSession.recv_packet(self._timeout).get_trailer()
        packet = smb2.SMB2Packet(data)
        self.credits += packet["CreditRequestResponse"]
        message = packet["MessageID"]
        if packet["Status"] == PENDING:
            self.went_async.add(message)
        else:
            self.order.append(message)
            self.answers[message] = packet

    # -- requests

    def send(self, command, body, payload=0):
        """A request of this share; its message id. `payload`: bytes that it or its answer carries."""
        packet = self.SMB_PACKET()
        packet["Command"] = command
        packet["TreeID"] = self.tree
        packet["CreditCharge"] = 1 + (max(payload, 1) - 1) // CREDIT
        packet["Data"] = body
        return self.sendSMB(packet)

    def wait(self, message, what, allowed=(SUCCESS,)):
        packet = self.recvSMB(message)
        if packet["Status"] not in allowed:
            raise Refused(what, packet["Status"])
        return packet

    def wait_async(self, message):
        """Until the server says that this will take longer; False if it has answered already."""
        while message not in self.went_async and message not in self.answers:
            self.receive()
        return message not in self.answers

    def answered(self, message):
        return message in self.order

    def send_echo(self):
        return self.send(smb2.SMB2_ECHO, smb2.SMB2Echo())

    def open(self, name, disposition, share=SHARE_NONE, options=BACKUP_OPTIONS,
             access=GENERIC_READ_WRITE):
        try:
            file_id = self.create(self.tree, name, access, share, options, disposition, 0)
        except smb3.SessionError as error:
            raise Refused(f"open {name}", error.get_error_code()) from None
        return File(self, name, file_id)

    def open_or_create(self, name):
        """As SQL Server: what is there is tried first. (file, was it created?)"""
        try:
            return self.open(name, OPEN), False
        except Refused as refused:
            if refused.status != NOT_FOUND:
                raise
        return self.open(name, CREATE), True

    def open_durably(self, name):
        """Created with a batch oplock and a request for a durable handle; see File.durable."""
        body = smb2.SMB2Create()
        body["RequestedOplockLevel"] = smb2.SMB2_OPLOCK_LEVEL_BATCH
        body["ImpersonationLevel"] = smb2.SMB2_IL_IMPERSONATION
        body["DesiredAccess"], body["ShareAccess"] = GENERIC_READ_WRITE, SHARE_NONE
        body["CreateDisposition"], body["CreateOptions"] = CREATE, BACKUP_OPTIONS
        path = name.encode("utf-16le")
        body["NameLength"] = len(path)
        path += bytes(-len(path) % 8)
        # MS-SMB2 2.2.13.2: next, name offset and length, reserved, data offset and length
        context = struct.pack("<LHHHHL", 0, 16, 4, 0, 24, 16) + b"DHnQ" + bytes(4 + 16)
        body["CreateContextsOffset"] = 64 + smb2.SMB2Create.SIZE + len(path)
        body["CreateContextsLength"], body["Buffer"] = len(context), path + context
        packet = self.wait(self.send(smb2.SMB2_CREATE, body), f"open {name}")
        answer = smb2.SMB2Create_Response(packet["Data"])
        durable = answer["CreateContextsLength"] > 0 and b"DHnQ" in packet["Data"]
        return File(self, name, answer["FileID"].getData(), durable)

    def delete(self, name):
        """DeleteFile: an open whose close deletes."""
        self.open(name, OPEN, SHARE_ALL, NON_DIRECTORY | DELETE_ON_CLOSE, DELETE).close(False)

    def drop(self):
        """The connection breaks: a reset, without logging off."""
        sock = self.get_socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    def bye(self):
        self.close_session()


Piece = collections.namedtuple("Piece", "message offset size")


class File:
    """An open file of a client."""

    def __init__(self, client, name, file_id, durable=False):
        self.client, self.name, self.file_id, self.durable = client, name, file_id, durable

    # -- sizes

    def set_info(self, kind, blob):
        body = smb2.SMB2SetInfo()
        body["InfoType"], body["FileInfoClass"] = smb2.SMB2_0_INFO_FILE, kind
        body["FileID"], body["BufferLength"], body["Buffer"] = self.file_id, len(blob), blob
        message = self.client.send(smb2.SMB2_SET_INFO, body)
        self.client.wait(message, f"{self.name}: SET_INFO {kind}")

    def set_end(self, size):
        self.set_info(END_OF_FILE_INFO, struct.pack("<Q", size))

    def set_allocation(self, size):
        self.set_info(ALLOCATION_INFO, struct.pack("<Q", size))

    def set_delete(self, delete=True):
        self.set_info(DISPOSITION_INFO, struct.pack("<B", delete))

    def rename(self, name):
        path = name.encode("utf-16le")
        self.set_info(RENAME_INFO, struct.pack("<B7xQL", 0, 0, len(path)) + path)

    def query(self, kind, info_type=smb2.SMB2_0_INFO_FILE):
        body = smb2.SMB2QueryInfo()
        body["InfoType"], body["FileInfoClass"] = info_type, kind
        body["OutputBufferLength"], body["FileID"] = 4096, self.file_id
        body["InputBufferOffset"], body["Buffer"] = 0, b"\0"
        message = self.client.send(smb2.SMB2_QUERY_INFO, body)
        packet = self.client.wait(message, f"{self.name}: QUERY_INFO {kind}")
        return smb2.SMB2QueryInfo_Response(packet["Data"])["Buffer"]

    def size(self):
        return struct.unpack_from("<QQ", self.query(STANDARD_INFO))[1]

    def sector_sizes(self):
        """Logical and physical bytes per sector: what SQL Server aligns its transfers to."""
        return struct.unpack_from("<LL", self.query(FS_SECTOR_SIZE, FS_INFO))

    # -- data

    def send_write(self, offset, data):
        body = smb2.SMB2Write()
        body["FileID"], body["Offset"], body["Length"] = self.file_id, offset, len(data)
        body["WriteChannelInfoOffset"], body["Buffer"] = 0, bytes(data)
        message = self.client.send(smb2.SMB2_WRITE, body, len(data))
        return Piece(message, offset, len(data))

    def wait_write(self, piece):
        what = f"{self.name}: WRITE of {piece.size} at {piece.offset}"
        packet = self.client.wait(piece.message, what)
        count = smb2.SMB2Write_Response(packet["Data"])["Count"]
        if count != piece.size:
            raise Refused(f"{what} took {count}", packet["Status"])

    def write_many(self, data, depth=8, at=0, transfer=MIB):
        """All of data in transfers, up to depth outstanding, sent at rising offsets."""
        outstanding, view = collections.deque(), memoryview(data)
        try:
            for start in range(0, len(data), transfer):
                if len(outstanding) == depth:
                    self.wait_write(outstanding.popleft())
                outstanding.append(self.send_write(at + start, view[start:start + transfer]))
            while outstanding:
                self.wait_write(outstanding.popleft())
        finally:
            for piece in outstanding:  # the answers of an abandoned backup
                self.client.recvSMB(piece.message)

    def send_read(self, offset, size):
        body = smb2.SMB2Read()
        body["Padding"], body["FileID"] = 0x50, self.file_id
        body["Length"], body["Offset"] = size, offset
        return Piece(self.client.send(smb2.SMB2_READ, body, size), offset, size)

    def wait_read(self, piece):
        """The bytes; none at or behind the end."""
        packet = self.client.wait(piece.message, f"{self.name}: READ at {piece.offset}",
                                  (SUCCESS, END_OF_FILE))
        if packet["Status"] == END_OF_FILE:
            return b""
        return smb2.SMB2Read_Response(packet["Data"])["Buffer"]

    def read(self, offset, size):
        return self.wait_read(self.send_read(offset, size))

    def read_many(self, end, depth=8, transfer=MIB):
        """From 0 to `end` (which may lie behind the file's end) with depth outstanding."""
        outstanding, out = collections.deque(), []
        for start in range(0, end, transfer):
            if len(outstanding) == depth:
                out.append(self.wait_read(outstanding.popleft()))
            outstanding.append(self.send_read(start, min(transfer, end - start)))
        out += [self.wait_read(piece) for piece in outstanding]
        return b"".join(out)

    # -- the end

    def send_flush(self):
        body = smb2.SMB2Flush()
        body["FileID"] = self.file_id
        return self.client.send(smb2.SMB2_FLUSH, body)

    def flush(self):
        self.client.wait(self.send_flush(), f"{self.name}: FLUSH")

    def send_close(self, attributes=True):
        body = smb2.SMB2Close()
        body["FileID"], body["Flags"] = self.file_id, POSTQUERY_ATTRIBUTES if attributes else 0
        return self.client.send(smb2.SMB2_CLOSE, body)

    def close(self, attributes=True):
        """The size that the server tells with the close, or None."""
        packet = self.client.wait(self.send_close(attributes), f"{self.name}: CLOSE")
        answer = smb2.SMB2Close_Response(packet["Data"])
        return answer["EndofFile"] if answer["Flags"] & POSTQUERY_ATTRIBUTES else None
