"""mkbak.py and checkbak.py: the layout is the one of real files, and damage is noticed."""
import io
import os
import subprocess
import sys
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools')
sys.path.insert(0, TOOLS)
import checkbak  # noqa: E402
import mtf  # noqa: E402
import packed  # noqa: E402

# type: offset, first event, format logical address, header checksum; of a full backup of 112 pages.
GOLDEN = {
    4096: (1048576, [
        ('TAPE', 0x0, 140, 0, 0x0587), ('SFMB', 0x1000, 4096, 0, 0x9510),
        ('SSET', 0x2000, 204, 0, 0x06A7), ('VOLB', 0x2400, 88, 1, 0x0C4E),
        ('MSCI', 0x2800, 56, 2, 0x1B3A), ('MSDA', 0x3400, 60, 5, 0x133D),
        ('MSTL', 0xE8400, 596, 921, 0x1FDE), ('MSTL', 0xF9400, 596, 989, 0x1F9B),
        ('MSLS', 0xF9800, 56, 990, 0x02ED), ('SFMB', 0xFB000, 4096, 0, 0x9510),
        ('ESET', 0xFC000, 88, 0, 0x0656), ('ESET', 0xFE000, 88, 0, 0x0656),
        ('SFMB', 0xFF000, 4096, 0, 0x9510)], 0x3FE8),
    512: (1048064, [
        ('TAPE', 0x0, 140, 0, 0x0587), ('SFMB', 0x400, 512, 0, 0x8710),
        ('SSET', 0x600, 204, 0, 0x06A7), ('VOLB', 0xA00, 88, 1, 0x0C4E),
        ('MSCI', 0xE00, 56, 2, 0x1B3A), ('MSDA', 0x1A00, 60, 5, 0x133D),
        ('MSTL', 0xED600, 596, 948, 0x1FF3), ('MSTL', 0xFDE00, 596, 1015 - 1, 0x1FB0),
        ('MSLS', 0xFE200, 56, 1015, 0x02C4), ('SFMB', 0xFEE00, 512, 0, 0x8710),
        ('ESET', 0xFF000, 88, 0, 0x0656), ('ESET', 0xFF800, 88, 0, 0x0656),
        ('SFMB', 0xFFC00, 512, 0, 0x8710)], 0x1DE8),
}


def make(*arguments):
    return subprocess.run([sys.executable, os.path.join(TOOLS, 'mkbak.py'), *arguments, '-'],
                          check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def walk(data):
    return checkbak.check(io.BytesIO(data))


def flipped(data, offset):
    return data[:offset] + bytes([data[offset] ^ 0x10]) + data[offset + 1:]


class Layout(unittest.TestCase):
    def test_blocks_stand_where_they_stand_in_real_files(self):
        for filemark, (size, blocks, page_stream) in GOLDEN.items():
            with self.subTest(filemark=filemark):
                data = make('--filemark', str(filemark), '--size', str(size), '--seed', '7')
                self.assertEqual(len(data), size)
                info = walk(data)
                self.assertTrue(info['complete'], info.get('damage'))
                self.assertEqual([tuple(one.values()) for one in info['blocks']],
                                 [(b[0], *b[1:]) for b in blocks])
                self.assertEqual(data[page_stream:page_stream + 4], b'MQDA')
                self.assertEqual(int.from_bytes(data[page_stream + 8:page_stream + 16], 'little'),
                                 917506)

    def test_every_type_filemark_and_checksum_choice_walks_to_the_last_byte(self):
        for kind in ('full', 'diff', 'log'):
            for filemark, size in (('4096', '1M'), ('512', '1048064'), ('1024', '1M')):
                for checksum in ([], ['--checksum']):
                    data = make('--type', kind, '--filemark', filemark, '--size', size, *checksum)
                    info = walk(data)
                    self.assertTrue(info['complete'], (kind, filemark, info.get('damage')))
                    self.assertEqual(info['size'], len(data))
                    self.assertEqual(info['checksums'] > 0, bool(checksum))

    def test_the_description_is_read_back(self):
        info = walk(make('--database', 'Løn', '--server', 'H\\I', '--type', 'log', '--checksum',
                         '--stripe', '2/3'))
        one = info['sets'][0]
        self.assertEqual((one['database'], one['server'], one['type'], one['checksum']),
                         ('Løn', 'H\\I', 'log', True))
        self.assertEqual((info['stripe'], info['stripes']), (2, 3))

    def test_fewer_sets_are_a_prefix_of_more(self):
        one = make('--size', '1M', '--type', 'full')
        three = make('--size', '1M,256K,512K', '--type', 'full,log,diff')
        self.assertTrue(three.startswith(one))
        self.assertEqual(len(three), (1 << 20) + (3 << 18))
        info = walk(three)
        self.assertTrue(info['complete'], info.get('damage'))
        self.assertEqual([s['type'] for s in info['sets']], ['full', 'log', 'differential'])

    def test_same_seed_same_bytes_other_seed_other_pages(self):
        self.assertEqual(make('--seed', '3'), make('--seed', '3'))
        self.assertNotEqual(make('--seed', '3')[0x5000:], make('--seed', '4')[0x5000:])

    def test_stripes_share_the_set_and_not_the_family(self):
        first, second = make('--stripe', '1/2'), make('--stripe', '2/2')
        self.assertEqual(first[0x2000 + 100:0x2000 + 116], second[0x2000 + 100:0x2000 + 116])
        self.assertNotEqual(first[52:56], second[52:56])

    def test_a_size_out_of_the_grid_is_refused_unless_rounded(self):
        with self.assertRaises(subprocess.CalledProcessError):
            make('--size', '1000001')
        self.assertEqual(len(make('--size', '1000001', '--round')), 1000001 // 4096 * 4096)


class Compressed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = make('--compress', '--size', '1M,512K', '--type', 'full,diff')

    def noticed(self, data):
        return not walk(data)['complete']

    def test_published_examples_of_packing_and_checksum(self):
        text = b'AB' + bytes(510)
        self.assertEqual(packed.pack_runs(text)[256:], bytes.fromhex('d0a000a00000fffa01'))
        self.assertEqual(packed.checksum(b'SQLSERVER'), 0xC79DE195)
        for data in (text, bytes(1024), os.urandom(4096), b'x' * 300 + b'yz' + bytes(17)):
            self.assertEqual(packed.unpack(packed.pack_runs(data), len(data)), data)
            if len(data) % 2 == 0:
                whole = packed.pack_literals(data)
                self.assertEqual(packed.unpack(whole, len(data)), data)
                self.assertEqual(packed.unpack(whole + b'\0', len(data)), data)  # the slow way

    def test_every_choice_walks_to_the_last_byte_and_holds_the_same_stream(self):
        for kind in ('full', 'diff', 'log'):
            for filemark, size in (('4096', '1M'), ('512', '1048064')):
                for checksum in ([], ['--checksum']):
                    options = ['--type', kind, '--filemark', filemark, '--size', size, *checksum]
                    info, plain = walk(make('--compress', *options)), walk(make(*options))
                    self.assertTrue(info['complete'], (options, info.get('damage')))
                    for one in info['blocks'] + plain['blocks']:
                        if one['type'] == 'SFMB':
                            one['checksum'] &= ~4  # its attribute: an index stands before it
                    self.assertEqual(info['blocks'], plain['blocks'])
                    self.assertEqual(info['checksums'], plain['checksums'])

    def test_an_appended_set_leaves_the_first_as_it_was(self):
        first = make('--compress', '--size', '1M')
        self.assertTrue(self.data.startswith(first))
        info = walk(self.data)
        self.assertTrue(info['complete'], info.get('damage'))
        self.assertEqual([one['type'] for one in info['sets']], ['full', 'differential'])
        self.assertEqual(info['sets'][1]['offset'], len(first))

    def test_a_flipped_bit_is_noticed_in_any_packed_byte(self):
        at, places = packed.HEADER_SIZE, []
        while self.data[at] == packed.KIND_DATA or len(places) < 8:
            if self.data[at] != packed.KIND_DATA:
                at = self.data.index(b'SFMB', at) + 4096
                continue
            stored, = packed.struct.unpack_from('<H', self.data, at + 2)
            places += [at + 2, at + 24, at + 28, at + 28 + stored // 2, at + 27 + stored]
            at += 28 + stored
        for place in places:
            self.assertTrue(self.noticed(flipped(self.data, place)), place)

    def test_a_changed_index_cut_or_trailing_bytes_are_noticed(self):
        mark = self.data.index(b'SFMB', 8192)
        for data in (flipped(self.data, mark - 16), flipped(self.data, mark - 5),
                     self.data[:-4096], self.data[:mark + 4096], self.data[:300000],
                     self.data + bytes(4096), self.data + self.data[-4096:]):
            self.assertTrue(self.noticed(data))


class StreamChecksum(unittest.TestCase):
    def test_published_example_of_two_sectors(self):
        summer = mtf.StreamChecksum()
        summer.update((0x80000001).to_bytes(4, 'little') + bytes(508))
        self.assertEqual(summer.value(), 0x80000001)
        summer.update((3).to_bytes(4, 'little') + bytes(508))
        self.assertEqual(summer.value(), 0)

    def test_equals_the_plain_definition_in_any_pieces(self):
        data = os.urandom(5 * 16384 + 7 * 512)
        plain = 0
        for at in range(0, len(data), 512):
            words = 0
            for word in range(at, at + 512, 4):
                words ^= int.from_bytes(data[word:word + 4], 'little')
            plain = ((plain << 1 | plain >> 31) & 0xFFFFFFFF) ^ words
        for piece in (1000, 16384, 40000, len(data)):
            summer = mtf.StreamChecksum()
            for at in range(0, len(data), piece):
                summer.update(data[at:at + piece])
            self.assertEqual(summer.value(), plain, piece)


class Damage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plain = make('--size', '1M')
        cls.summed = make('--size', '1M', '--checksum')

    def noticed(self, data):
        try:
            info = walk(data)
        except checkbak.NotABackup:
            return True
        self.assertEqual(info['complete'], 'damage' not in info)
        return not info['complete']

    def test_missing_last_filemark(self):
        self.assertTrue(self.noticed(self.plain[:-4096]))

    def test_cut_anywhere(self):
        for size in list(range(1, 12)) + list(range(52, len(self.plain), 31987)):
            self.assertTrue(self.noticed(self.plain[:max(52, size)]), size)

    def test_cut_after_the_filemark_of_the_data(self):
        self.assertTrue(self.noticed(self.plain[:0xFC000]))

    def test_untrimmed_zeros_and_repeated_end(self):
        self.assertTrue(self.noticed(self.plain + bytes(65536)))
        self.assertTrue(self.noticed(self.plain + self.plain[-4096:]))

    def test_flipped_bit_in_any_header(self):
        for block in walk(self.plain)['blocks']:
            for at in (0, 9, 20, 36, 49, 51):
                self.assertTrue(self.noticed(flipped(self.plain, block['offset'] + at)), block)
        for stream in (b'RAID', b'SPAD', b'MQCI', b'APAD', b'MQDA', b'MQTL', b'OTCP', b'TSMP'):
            at = self.plain.index(stream)
            for inside in (0, 7, 9, 20):
                self.assertTrue(self.noticed(flipped(self.plain, at + inside)), stream)

    def test_flipped_bit_in_page_data_only_with_checksum(self):
        at = 0x5000 + 3000
        self.assertFalse(self.noticed(flipped(self.plain, at)))
        self.assertTrue(self.noticed(flipped(self.summed, at)))

    def test_exchanged_pieces_are_noticed_by_page_numbers(self):
        first, second = 0x14000, 0x54000
        for data in (self.plain, self.summed):
            changed = bytearray(data)
            changed[first:first + 65536] = data[second:second + 65536]
            changed[second:second + 65536] = data[first:first + 65536]
            self.assertTrue(self.noticed(bytes(changed)))

    def test_flipped_bit_in_descriptions_is_covered_by_nothing(self):
        self.assertFalse(self.noticed(flipped(self.plain, 0x2800 + 56 + 22 + 420)))
        self.assertFalse(self.noticed(flipped(self.plain, 0x2000 + 124)))

    def test_missing_or_doubled_4096_bytes(self):
        for at in (0x4000, 0x80000, 0xF0000):
            self.assertTrue(self.noticed(self.plain[:at] + self.plain[at + 4096:]), at)
            self.assertTrue(self.noticed(self.plain[:at] + self.plain[at - 4096:]), at)

    def test_zeroed_64_kib_of_a_checksummed_file(self):
        self.assertTrue(self.noticed(self.summed[:0x20000] + bytes(65536) + self.summed[0x30000:]))

    def test_other_files_are_told_apart(self):
        for data in (b'MSSQLBAK' + bytes(600), bytes(600), os.urandom(4096)):
            with self.assertRaises(checkbak.NotABackup):
                walk(data)


if __name__ == '__main__':
    unittest.main()
