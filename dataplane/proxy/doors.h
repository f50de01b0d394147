#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "proxy/ports.h"

namespace kp::proxy {

/// A port that leads to no certain broker: bootstrap servers, SNI, the mappings of dynamic mode.
struct Door {
  Route route;
  HostPort asked;       ///< what the configuration says; its port may be 0
  HostPort advertised;  ///< what clients were told to connect to; host empty: any name
  HostPort upstream;    ///< Mapping: whom it stands for
};

/// A door with its port. Letting go of it closes the port, when nobody else has it.
struct OpenDoor {
  Door door;
  std::shared_ptr<Listener> listener;
};

/// The doors of a configuration, bound or taken over from those of the one before. Nothing is accepted yet at new ones.
/// Errors: Conflict, Invalid, Io: a port can't be bound; then nothing has changed.
Result<std::vector<OpenDoor>> open_doors(const config::Config& config, Ports& ports,
                                         const std::vector<OpenDoor>& before);

}  // namespace kp::proxy
