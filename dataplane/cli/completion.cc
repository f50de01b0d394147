#include "cli/completion.h"

namespace kp::cli {
namespace {

constexpr const char* bash = R"(_kafkaproxy() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  case $before in
    -c|--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")); return ;;
    --log-level) COMPREPLY=($(compgen -W "debug info warn error" -- "$word")); return ;;
    --log-format) COMPREPLY=($(compgen -W "text json" -- "$word")); return ;;
  esac
  case ${COMP_WORDS[1]} in
    run) COMPREPLY=($(compgen -W "--config --threads --bootstrap-server-mapping --external-server-mapping
      --dynamic-listeners-disable --default-listener-ip --dynamic-advertised-listener --dynamic-sequential-min-port
      --dynamic-sequential-max-ports --deterministic-listeners --admin-address --log-level --log-format --help" -- "$word")) ;;
    check) COMPREPLY=($(compgen -W "--config --help" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "run check version completion --config --help --version" -- "$word")) ;;
  esac
}
complete -F _kafkaproxy kafkaproxy
)";

constexpr const char* fish = R"(complete -c kafkaproxy -f
complete -c kafkaproxy -n __fish_use_subcommand -a run -d "Serve clients until SIGTERM"
complete -c kafkaproxy -n __fish_use_subcommand -a check -d "Say every error of a configuration"
complete -c kafkaproxy -n __fish_use_subcommand -a version -d "Print the version"
complete -c kafkaproxy -n __fish_use_subcommand -a completion -d "Print a completion script"
complete -c kafkaproxy -n "__fish_seen_subcommand_from run check" -s c -l config -r -F
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l threads -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l bootstrap-server-mapping -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l external-server-mapping -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l dynamic-listeners-disable
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l default-listener-ip -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l dynamic-advertised-listener -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l dynamic-sequential-min-port -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l dynamic-sequential-max-ports -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l deterministic-listeners
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l admin-address -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l log-level -x -a "debug info warn error"
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l log-format -x -a "text json"
complete -c kafkaproxy -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"
)";

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "fish") return fish;
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + std::string(bash);
  return bash;
}

}  // namespace kp::cli
