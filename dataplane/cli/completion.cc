#include "cli/completion.h"

namespace kp::cli {
namespace {

constexpr const char* bash = R"(_kafkaproxy() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  case $before in
    -c|--config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); return ;;
    completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")); return ;;
    --log-level) COMPREPLY=($(compgen -W "debug info warn error" -- "$word")); return ;;
    --algorithm) COMPREPLY=($(compgen -W "ec rsa" -- "$word")); return ;;
    --out|--handover) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); return ;;
    --mechanism) COMPREPLY=($(compgen -W "SCRAM-SHA-256 SCRAM-SHA-512" -- "$word")); return ;;
    --log-format) COMPREPLY=($(compgen -W "text json" -- "$word")); return ;;
  esac
  case ${COMP_WORDS[1]} in
    run) COMPREPLY=($(compgen -W "--config --threads --handover --bootstrap-server-mapping --external-server-mapping
      --dynamic-listeners-disable --default-listener-ip --dynamic-advertised-listener --dynamic-sequential-min-port
      --dynamic-sequential-max-ports --deterministic-listeners --admin-address --log-level --log-format --help" -- "$word")) ;;
    credentials)
      case ${COMP_WORDS[2]} in
        hash) COMPREPLY=($(compgen -W "--mechanism --iterations --help" -- "$word")) ;;
        *) COMPREPLY=($(compgen -W "hash --help" -- "$word")) ;;
      esac ;;
    certs)
      case ${COMP_WORDS[2]} in
        generate) COMPREPLY=($(compgen -W "--sni-suffix --out --algorithm --days --clients --help" -- "$word")) ;;
        fetch-ca) COMPREPLY=($(compgen -W "--server --out --leaf --help" -- "$word")) ;;
        *) COMPREPLY=($(compgen -W "generate fetch-ca --help" -- "$word")) ;;
      esac ;;
    virtual)
      case ${COMP_WORDS[2]} in
        describe) COMPREPLY=($(compgen -W "--config --help" -- "$word")) ;;
        *) COMPREPLY=($(compgen -W "describe --help" -- "$word")) ;;
      esac ;;
    check) COMPREPLY=($(compgen -W "--config --against --help" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "run check virtual credentials certs version completion --config --help --version" -- "$word")) ;;
  esac
}
complete -F _kafkaproxy kafkaproxy
)";

constexpr const char* fish = R"(complete -c kafkaproxy -f
complete -c kafkaproxy -n __fish_use_subcommand -a run -d "Serve clients until SIGTERM"
complete -c kafkaproxy -n __fish_use_subcommand -a check -d "Say every error of a configuration"
complete -c kafkaproxy -n __fish_use_subcommand -a virtual -d "Look at virtual partitions"
complete -c kafkaproxy -n __fish_use_subcommand -a credentials -d "Tools for the users of auth_swap"
complete -c kafkaproxy -n __fish_use_subcommand -a certs -d "Make certificates, or fetch a server's authority"
complete -c kafkaproxy -n __fish_use_subcommand -a version -d "Print the version"
complete -c kafkaproxy -n __fish_use_subcommand -a completion -d "Print a completion script"
complete -c kafkaproxy -n "__fish_seen_subcommand_from run check" -s c -l config -r -F
complete -c kafkaproxy -n "__fish_seen_subcommand_from virtual" -a describe -d "Where virtual partitions stand, and true lag"
complete -c kafkaproxy -n "__fish_seen_subcommand_from describe" -s c -l config -r -F
complete -c kafkaproxy -n "__fish_seen_subcommand_from check" -l against -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l threads -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from run" -l handover -r -F
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
complete -c kafkaproxy -n "__fish_seen_subcommand_from credentials" -a hash -d "A SCRAM verifier for a password"
complete -c kafkaproxy -n "__fish_seen_subcommand_from hash" -l mechanism -x -a "SCRAM-SHA-256 SCRAM-SHA-512"
complete -c kafkaproxy -n "__fish_seen_subcommand_from hash" -l iterations -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from certs; and not __fish_seen_subcommand_from generate fetch-ca" -a "generate fetch-ca"
complete -c kafkaproxy -n "__fish_seen_subcommand_from generate" -l sni-suffix -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from generate fetch-ca" -l out -r -F
complete -c kafkaproxy -n "__fish_seen_subcommand_from generate" -l algorithm -x -a "ec rsa"
complete -c kafkaproxy -n "__fish_seen_subcommand_from generate" -l days -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from generate" -l clients -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from fetch-ca" -l server -x
complete -c kafkaproxy -n "__fish_seen_subcommand_from fetch-ca" -l leaf
complete -c kafkaproxy -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"
)";

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "fish") return fish;
  if (shell == "zsh")  // a shell whose start-up files don't begin completion has no compdef, which bashcompinit needs
    return "(( $+functions[compdef] )) || { autoload -U compinit && compinit }\n"
           "autoload -U +X bashcompinit && bashcompinit\n" +
           std::string(bash);
  return bash;
}

}  // namespace kp::cli
