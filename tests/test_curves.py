"""Curves of several trainings in a table and a picture."""

from gastlive.experiments.curves import curve, main


def test_runs_are_set_side_by_side_by_step(tmp_path, capsys):
    for name, values in {"one": [3.0, 2.0], "two": [3.1, 2.2]}.items():
        folder = tmp_path / name / "log"
        folder.mkdir(parents=True)
        rows = [f"{i},{9 + 10 * i},{value}," for i, value in enumerate(values)]
        (folder / "metrics.csv").write_text(
            "\n".join(["epoch,step,val/mpjpe_mm,x", *rows, "1,19,,5"])
        )
    assert curve(tmp_path / "one", "val/mpjpe_mm") == {10: 3.0, 20: 2.0}
    main([str(tmp_path / "out"), f"1 x 16={tmp_path}/one", f"2 x 8={tmp_path}/two"])
    wanted = "| step | 1 x 16 | 2 x 8 |\n|---|---|---|\n| 10 | 3.0 | 3.1 |\n| 20 | 2.0 | 2.2 |\n"
    assert capsys.readouterr().out == wanted == (tmp_path / "out.md").read_text()
    assert (tmp_path / "out.png").stat().st_size > 5000
