"""What data sets hold and what is wrong with them: ``gastlive-check data=hdm05``."""

from hydra.utils import instantiate
from omegaconf import DictConfig

from ..conf.program import program
from ..datasets.check import print_report
from ..gast.errors import InputError


@program("check_data", verbatim=("data.path",))
def main(cfg: DictConfig) -> None:
    """Read all of what is given and print a report; `InputError` if a set is empty."""
    given = {name: cfg[name] for name in ("data", "pairs") if name in cfg}
    if not given:
        raise InputError("nothing to check; give data=hdm05 or pairs=human36m, for instance")
    sets = {f"{name} {cfg.names[name]}": instantiate(part) for name, part in given.items()}
    if not print_report(sets):
        raise InputError("a set holds nothing that can be used; the reasons are above")


if __name__ == "__main__":
    main()
