"""``python -m srllm_data`` is the command ``srllm``; launchers of several processes start it so."""

from srllm_data.cli import main

if __name__ == "__main__":
    main()
