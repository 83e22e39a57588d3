"""The report of a run: aims and ratios first, then the figures behind them."""

import statistics

MIB = 1 << 20
CPU_FACTOR_MAX = 1.3
NET_RATIO_MAX = 1.01
RSS_MAX = (512 + 64) * MIB  # the default --memory-limit and 64 MiB
PEER_FACTOR_MIN = 2.0
FAR_FACTOR_MIN = 0.85


def median(results, name, figure):
    return results[name][figure]["median"]


def floor_cpu(results, direction):
    """The least a byte costs: the passes over it and an empty copy, CPU s/GiB."""
    passes = ("cbc_encrypt", "crc32c", "sha256") if direction == "write" else ("cbc_decrypt",)
    return (sum(median(results, "passes", name) for name in passes)
            + median(results, f"empty copy {direction}", "cpu_s_gib"))


def paired(results, name, other, figure):
    """The ratio of two figures, run by run: what loads the machine meanwhile loads both."""
    return statistics.median(a / b for a, b in zip(results[name][figure]["samples"],
                                                   results[other][figure]["samples"]))


def aim(name, value, bound, unit, at_most=True):
    met = value <= bound if at_most else value >= bound
    return {"name": name, "value": value, "bound": bound, "unit": unit,
            "relation": "<=" if at_most else ">=", "met": met}


def cpu_aims(results):
    for direction in ("write", "read"):
        name = f"rdsbak / sink {direction}"
        if name in results:
            floor = floor_cpu(results, direction)
            yield aim(f"CPU, {direction}, sink: daemon / ({floor:.2f} s/GiB for its passes and an "
                      "empty copy)", median(results, name, "cpu_s_gib") / floor,
                      CPU_FACTOR_MAX, "x")


def traffic_aims(results):
    for name in sorted(results):
        if "net_ratio" in results[name]:
            yield aim(f"network bytes per I/O byte, {name}",
                      results[name]["net_ratio"]["max"], NET_RATIO_MAX, "x")
    peaks = [results[name]["rss"]["max"] for name in results if name.startswith("rdsbak")]
    if peaks:
        yield aim("peak RSS of the daemon, all cases", max(peaks) / MIB, RSS_MAX / MIB, "MiB")


def peer_aims(results):
    for direction in ("write", "read"):
        own = f"rdsbak / RGW {direction}"
        peers = [name for name in (f"s3fs / RGW {direction}", f"rclone / RGW {direction}")
                 if name in results]
        if own in results and peers:
            best = max(peers, key=lambda name: median(results, name, "mb_s"))
            yield aim(f"{direction}, RGW: throughput / {best.split(' ')[0]}'s (the faster peer)",
                      paired(results, own, best, "mb_s"),
                      PEER_FACTOR_MIN, "x", at_most=False)


def distance_aims(results):
    pairs = (("RGW + 20 ms", "RGW by proxy"), ("sink + 20 ms", "sink"))
    for far, near in pairs:
        for direction in ("write", "read"):
            names = f"rdsbak / {far} {direction}", f"rdsbak / {near} {direction}"
            if all(name in results for name in names):
                yield aim(f"{direction}, {far} per request: throughput / without",
                          paired(results, *names, "mb_s"),
                          FAR_FACTOR_MIN, "x", at_most=False)


def aims(results):
    return [*cpu_aims(results), *peer_aims(results), *distance_aims(results),
            *traffic_aims(results)]


# -- text

def spread(figure, digits, scale=1.0):
    low, middle, high = (figure[k] / scale for k in ("min", "median", "max"))
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def noise(results):
    """How far the runs of one figure lie apart, worst first."""
    apart = {name: (r["mb_s"]["max"] - r["mb_s"]["min"]) / r["mb_s"]["median"]
             for name, r in results.items() if "mb_s" in r}
    return sorted(apart.items(), key=lambda item: -item[1])


def aim_lines(found):
    for item in found:
        digits = 0 if item["unit"] == "MiB" else 4 if item["bound"] == NET_RATIO_MAX else 2
        yield (f"  {'met   ' if item['met'] else 'MISSED'} {item['value']:8.{digits}f} "
               f"{item['relation']} {item['bound']:<5g}{item['unit']:4} {item['name']}")


def table_lines(results):
    yield (f"  {'':30}{'MB/s':>18}{'CPU s/GiB':>20}{'RSS MiB':>9}{'requests/GiB':>14}"
           f"{'net ratio':>11}")
    for name, r in results.items():
        if "mb_s" not in r:
            continue
        requests = f"{r['requests_gib']['median']:.0f}" if "requests_gib" in r else "-"
        net = f"{r['net_ratio']['median']:.4f}" if "net_ratio" in r else "-"
        yield (f"  {name:30}{spread(r['mb_s'], 0):>18}{spread(r['cpu_s_gib'], 2):>20}"
               f"{r['rss']['max'] / MIB:9.0f}{requests:>14}{net:>11}")


def text(run):
    results, about = run["results"], run["machine"]
    lines = ["", "Aims", *aim_lines(run["aims"]), "",
             f"Figures: median (min-max) of {about['runs']}; {about['size'] // MIB} MiB, one "
             f"stream of {about['block'] // 1024} KiB O_DIRECT transfers; MB = 10^6 bytes",
             *table_lines(results), "", "One core's passes, CPU s/GiB"]
    lines += [f"  {name:30}{spread(figure, 3):>24}"
              f"  {1.073741824 / figure['median']:6.2f} GB/s"
              for name, figure in results["passes"].items()]
    lines += ["", f"Machine: {about['cpus']} x {about['model']}, Linux {about['kernel']}, load "
              f"{about['load_before']:.1f} before; client, daemon and servers share it"]
    worst = noise(results)
    if about["runs"] > 1 and worst:
        lines.append(f"Noise: runs of one figure lie up to {worst[0][1] * 100:.0f} % apart "
                     f"({worst[0][0]})")
    return "\n".join(lines)
