# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An archive of ours comes back as it was; one that an enemy made is refused before it is used."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle import archive
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle.archive import Refused, pack, unpack

MEMBERS = {
    "manifest.json": b"{}",
    "hosts/web01/configuration/etc/nginx/nginx.conf": b"x" * 1000,
    "empty": b"",
}


def tar(*entries: tuple[str, dict[str, Any], bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    """entries: (name, attributes, content)"""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as made:
        for name, attributes, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for field, value in attributes.items():
                setattr(entry, field, value)
            made.addfile(entry, io.BytesIO(content))
    return plain.getvalue()


def archived(name: str, **attributes: Any) -> bytes:
    return gzip.compress(tar((name, attributes, b"x")))


class TestOurs:
    def test_it_comes_back_as_it_was(self) -> None:
        assert unpack(pack(MEMBERS)) == MEMBERS

    def test_it_is_the_same_each_time(self) -> None:
        assert pack(MEMBERS) == pack(dict(reversed(MEMBERS.items())))

    def test_others_can_read_it(self) -> None:
        with tarfile.open(fileobj=io.BytesIO(pack(MEMBERS))) as read:
            entries = read.getmembers()
        assert [entry.name for entry in entries] == ["webmedic-bundle/" + path for path in sorted(MEMBERS)]
        assert {(entry.mtime, entry.mode, entry.uid, entry.uname, entry.type) for entry in entries} == {
            (archive.TIME, 0o600, 0, "", tarfile.REGTYPE)
        }

    def test_the_longest_path_fits(self) -> None:
        for parts in (1, 2, 3):
            path = "/".join(["a" * 80] * (parts - 1) + ["b" * 60])[: archive.LONGEST]
            assert unpack(pack({path: b"1"})) == {path: b"1"}

    @pytest.mark.parametrize("name", ["..", ".", "", ".ssh", "-rf", "a/b", "ä\n", "x" * 500, "~", "con fig"])
    def test_each_name_becomes_a_component(self, name: str) -> None:
        assert archive.checked(archive.component(name))


class TestHostile:
    @pytest.mark.parametrize(
        "name",
        [
            "webmedic-bundle/../../etc/cron.d/x",
            "webmedic-bundle/a/../b",
            "webmedic-bundle/./a",
            "webmedic-bundle//a",
            "/etc/passwd",
            "webmedic-bundle",
            "other/a",
            "webmedic-bundle/.ssh/authorized_keys",
            "webmedic-bundle/-rf",
            "webmedic-bundle/a\nb",
            "webmedic-bundle/a\\b",
            "webmedic-bundle/C:x",
            "webmedic-bundle/" + "/".join("a" * 40),
        ],
    )
    def test_a_path_that_leads_elsewhere_is_refused(self, name: str) -> None:
        with pytest.raises(Refused, match="a path that no bundle has"):
            unpack(archived(name))

    @pytest.mark.parametrize(
        "kind",
        [
            tarfile.SYMTYPE,
            tarfile.LNKTYPE,
            tarfile.CHRTYPE,
            tarfile.BLKTYPE,
            tarfile.FIFOTYPE,
            tarfile.DIRTYPE,
        ]
        + [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.XGLTYPE, b"Z", b"7"],
    )
    def test_what_is_no_plain_file_is_refused(self, kind: bytes) -> None:
        attributes = {"type": kind, "linkname": "/etc/passwd"}
        with pytest.raises(Refused):
            unpack(gzip.compress(tar(("webmedic-bundle/a", attributes, b""))))

    @pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_extensions_of_the_format_are_refused(self, form: int) -> None:
        name = "webmedic-bundle/" + "a" * 150 + "ä"
        with pytest.raises(Refused):
            unpack(gzip.compress(tar((name, {}, b"x"), form=form)))

    def test_a_bomb_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive, "MOST_PLAIN", 4 * 1024**2)
        bomb = gzip.compress(bytes(archive.MOST_PLAIN + 1))
        assert len(bomb) < 10_000
        with pytest.raises(Refused, match="holds more than 4 MiB"):
            unpack(bomb)

    def test_a_huge_member_is_refused(self) -> None:
        entry = tarfile.TarInfo("webmedic-bundle/a")
        entry.size = archive.MOST_MEMBER + 1
        with pytest.raises(Refused, match="larger than 64 MiB"):
            unpack(gzip.compress(entry.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)))

    def test_a_negative_size_is_refused(self) -> None:
        block = bytearray(tarfile.TarInfo("webmedic-bundle/a").tobuf(tarfile.USTAR_FORMAT))
        block[124:136] = b"\xff" * 12
        block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]
        with pytest.raises(Refused):
            unpack(gzip.compress(bytes(block) + bytes(1024)))

    def test_two_of_one_path_are_refused(self) -> None:
        twice = tar(("webmedic-bundle/a", {}, b"1"), ("webmedic-bundle/a", {}, b"2"))
        with pytest.raises(Refused, match="two files"):
            unpack(gzip.compress(twice))

    def test_a_file_that_is_a_folder_is_refused(self) -> None:
        both = tar(("webmedic-bundle/a", {}, b"1"), ("webmedic-bundle/a/b", {}, b"2"))
        with pytest.raises(Refused, match="also a folder"):
            unpack(gzip.compress(both))

    @pytest.mark.parametrize(
        ("packed", "words"),
        [
            (b"", "is cut off"),
            (b"no gzip", "no gzip file"),
            (pack(MEMBERS)[:-9], "is cut off"),
            (pack(MEMBERS) + b"x", "something follows"),
            (pack(MEMBERS) + pack(MEMBERS), "something follows"),
            (gzip.compress(b"x" * 512, mtime=0), "no tar file"),
            (gzip.compress(tar(("webmedic-bundle/a", {}, b"1"))[:600], mtime=0), "is cut off"),
            (gzip.compress(bytes(1024) + b"x", mtime=0), "something follows"),
            (zlib.compress(b"x"), "no gzip file"),
        ],
    )
    def test_what_is_no_whole_archive_is_refused(self, packed: bytes, words: str) -> None:
        with pytest.raises(Refused, match=words):
            unpack(packed)

    def test_each_bit_that_flips_is_seen(self) -> None:
        packed = pack(MEMBERS)
        for number in range(0, len(packed), 7):
            flipped = packed[:number] + bytes([packed[number] ^ 1]) + packed[number + 1 :]
            try:
                assert unpack(flipped) == MEMBERS, number  # a field of gzip's that says nothing
            except Refused:
                continue
