"""What the directory process is told."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class DirectorySettings(BaseSettings):
    """Environment `ROGATORY_<NAME>`; every one is needed but the log level."""

    model_config = SettingsConfigDict(env_prefix="ROGATORY_", frozen=True, extra="ignore")

    directory_listen: str  # host:port
    directory_repo: Path  # folder of the repository, with metadata/ and targets/
    tls_cert: Path  # PEM chain
    tls_key: Path  # PEM
    keystore: Path  # holds online-snapshot and online-timestamp (PKCS #8 PEM)
    passphrase_file: Path
    log_level: str = "INFO"
