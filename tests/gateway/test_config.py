from pathlib import Path

import pytest

from gateway.config import BadSetting, Config, load
from services.channel_rules import ChannelRule

ACCOUNT = "acc_" + "a" * 24


def from_file(folder: Path, text: str) -> Config:
    path = folder / "airside.toml"
    path.write_text(text)
    return load(path, {}, {})


def refused(folder: Path, text: str) -> str:
    with pytest.raises(BadSetting) as error:
        from_file(folder, text)
    return str(error.value)


def test_without_settings_it_is_small_and_on_loopback() -> None:
    config = load(None, {}, {})

    assert config == Config()
    assert (config.host, config.port, config.demo) == ("127.0.0.1", 8080, False)


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    config = from_file(tmp_path, f'port = 9000\npinned_accounts = ["{ACCOUNT}"]\n')

    assert (config.port, config.pinned_accounts) == (9000, (ACCOUNT,))
    assert config.partitions == Config().partitions


def test_the_command_line_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    path = tmp_path / "airside.toml"
    path.write_text("port = 1\npartitions = 1\ndrain_s = 1")
    environment = {"AIRSIDE_PORT": "2", "AIRSIDE_PARTITIONS": "2", "PATH": "/bin"}

    config = load(path, environment, {"port": 3, "data": None})

    assert (config.port, config.partitions, config.drain_s) == (3, 2, 1)
    assert config.data == Config().data


def test_the_environment_speaks_text() -> None:
    environment = {
        "AIRSIDE_DEMO": "true",
        "AIRSIDE_PINNED_ACCOUNTS": ACCOUNT,
        "AIRSIDE_LOG_LEVEL": "debug",
    }

    config = load(None, environment, {})

    assert (config.demo, config.pinned_accounts, config.log_level) == (
        True,
        (ACCOUNT,),
        "debug",
    )
    assert load(None, {"AIRSIDE_PINNED_ACCOUNTS": ""}, {}).pinned_accounts == ()


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("port", 0, 65_535),
        ("gateways", 1, 32),
        ("partitions", 1, 64),
        ("body_bytes_max", 1_024, 1_048_576),
        ("drain_s", 1, 120),
        ("heartbeat_s", 1, 60),
        ("retention_days", 0, 36_525),
    ],
)
def test_a_number_has_bounds(tmp_path: Path, name: str, least: int, most: int) -> None:
    for bound in (least, most):
        assert getattr(from_file(tmp_path, f"{name} = {bound}"), name) == bound
    for beyond in (least - 1, most + 1):
        said = refused(tmp_path, f"{name} = {beyond}")

        assert said.startswith(f"{name}: Expected `int`")
        assert said.endswith(f", not {beyond}")


def test_what_is_no_number_is_refused_by_name_and_value() -> None:
    with pytest.raises(BadSetting, match=r"^port: Expected `int`.*, not 'http'$"):
        load(None, {"AIRSIDE_PORT": "http"}, {})


def test_a_name_that_no_setting_has_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "prot = 80") == "prot: there is no such setting"
    with pytest.raises(BadSetting, match=r"^AIRSIDE_PROT: there is no such setting$"):
        load(None, {"AIRSIDE_PROT": "80"}, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_the_demo_listens_on_loopback(host: str) -> None:
    assert load(None, {}, {"demo": True, "host": host}).demo


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "airside.example"])
def test_the_demo_listens_nowhere_else(host: str) -> None:
    with pytest.raises(BadSetting, match=f"its keys are public.*{host}"):
        load(None, {}, {"demo": True, "host": host})
    assert load(None, {}, {"host": host}).host == host


def test_a_log_level_is_one_of_four(tmp_path: Path) -> None:
    assert refused(tmp_path, 'log_level = "loud"') == "log_level: 'loud' is not a level"


def test_a_pinned_account_is_an_account(tmp_path: Path) -> None:
    said = refused(tmp_path, 'pinned_accounts = ["amira"]')

    assert said == "pinned_accounts: 'amira' is not an id that begins with acc_"


def test_a_proxy_is_an_address(tmp_path: Path) -> None:
    said = refused(tmp_path, 'proxies = ["proxy.local"]')

    assert said.startswith("proxies: 'proxy.local' does not appear to be")
    given = load(None, {"AIRSIDE_PROXIES": "10.0.0.1,::1"}, {})
    assert given.proxies == ("10.0.0.1", "::1")


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"

    with pytest.raises(BadSetting, match=str(missing)):
        load(missing, {}, {})
    assert "airside.toml" in refused(tmp_path, "port =")


def test_a_password_of_the_store_is_never_shown() -> None:
    with pytest.raises(BadSetting) as error:
        load(None, {"AIRSIDE_STORE": "mysql://airside:geheim@db/airside"}, {})

    assert str(error.value).startswith("store: ")
    assert "geheim" not in str(error.value)
    config = load(None, {"AIRSIDE_STORE": "postgresql://airside:geheim@db/airside"}, {})
    assert "geheim" not in repr(config)


def test_every_setting_has_a_reason() -> None:
    source = Path(__file__).parents[2] / "gateway" / "config.py"
    text = source.read_text()

    for name in Config.__struct_fields__:
        after = text.partition(f"\n    {name}: ")[2].partition("\n")[2]
        assert after.lstrip().startswith('"""'), name


def test_what_a_channel_may_sell_is_a_table_of_the_file_or_json(tmp_path: Path) -> None:
    text = '[channels.web]\nlargest_minor = { QAR = 5 }\ncategories = ["4511"]'
    environment = {
        "AIRSIDE_CHANNELS": '{"web":{"largest_minor":{"QAR":5},"categories":["4511"]}}'
    }
    rules = {"web": ChannelRule({"QAR": 5}, frozenset({"4511"}))}

    assert from_file(tmp_path, text).channels == rules
    assert load(None, environment, {}).channels == rules


@pytest.mark.parametrize(
    "table",
    [
        "[channels.Web]",
        "[channels.web]\nlargest = {}",
        "[channels.web]\nlargest_minor = { QAR = -1 }",
        "[channels.web]\nlargest_minor = { qar = 1 }",
        '[channels.web]\ncategories = ["45"]',
    ],
)
def test_a_rule_of_a_channel_that_is_misspelt_is_refused(
    tmp_path: Path, table: str
) -> None:
    assert refused(tmp_path, table).startswith("channels: ")


def test_rules_of_channels_that_are_no_json_are_refused() -> None:
    with pytest.raises(BadSetting, match="AIRSIDE_CHANNELS"):
        load(None, {"AIRSIDE_CHANNELS": "web=5"}, {})
